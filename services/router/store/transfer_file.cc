#include "services/router/store/transfer_file.h"

#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace firstline::store {
namespace {

constexpr std::string_view kKinds = "hmiarez";

std::string FourBytes(size_t number) {
  std::string bytes(4, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(number & 0xff);
    number >>= 8;
  }
  return bytes;
}

uint32_t ReadFourBytes(std::string_view bytes) {
  uint32_t number = 0;
  for (size_t i = 4; i > 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return number;
}

std::string Encoded(const Entry& entry) {
  std::string bytes(1, static_cast<char>(entry.kind));
  bytes += FourBytes(entry.key.size());
  bytes += FourBytes(entry.bytes.size());
  bytes += entry.key;
  bytes += entry.bytes;
  return bytes;
}

// SHA-256 as it grows.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Add(std::string_view bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  // Of what was added so far; more may be added.
  std::string Sum() const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> copy(EVP_MD_CTX_new(),
                                                                       EVP_MD_CTX_free);
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned size = 0;
    EVP_MD_CTX_copy_ex(copy.get(), context_.get());
    EVP_DigestFinal_ex(copy.get(), sum.data(), &size);
    return std::string(reinterpret_cast<const char*>(sum.data()), size);
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

class TransferWriter::Digest : public Sha256 {};
class TransferReader::Digest : public Sha256 {};

TransferWriter::TransferWriter(std::ostream& out)
    : out_(out), digest_(std::make_unique<Digest>()) {
  Write(kTransferMagic);
}

TransferWriter::~TransferWriter() = default;

void TransferWriter::Write(const std::string& bytes) {
  digest_->Add(bytes);
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void TransferWriter::Add(const Entry& entry) {
  Write(Encoded(entry));
  ++entries_;
}

absl::Status TransferWriter::Finish() {
  Write(Encoded({EntryKind::kEnd, absl::StrCat(entries_), digest_->Sum()}));
  out_.flush();
  return out_ ? absl::OkStatus() : absl::UnavailableError("the file cannot be written");
}

TransferReader::TransferReader(std::istream& in)
    : in_(in), digest_(std::make_unique<Digest>()) {
  std::string magic;
  if (!Read(magic, sizeof(kTransferMagic) - 1) || magic != kTransferMagic) {
    Fail("it is no exported workspace, or one of another version");
  }
  digest_->Add(magic);
}

TransferReader::~TransferReader() = default;

bool TransferReader::Fail(const std::string& what) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(what);
  ended_ = true;
  return false;
}

bool TransferReader::Read(std::string& bytes, size_t size) {
  bytes.resize(size);
  in_.read(bytes.data(), static_cast<std::streamsize>(size));
  return static_cast<size_t>(in_.gcount()) == size;
}

bool TransferReader::Next(Entry& entry) {
  if (ended_) return false;
  std::string head;
  if (!Read(head, 9)) return Fail("it is cut off");
  const uint32_t key = ReadFourBytes(std::string_view(head).substr(1, 4));
  const uint32_t size = ReadFourBytes(std::string_view(head).substr(5, 4));
  if (kKinds.find(head[0]) == std::string_view::npos || key > kTransferKeyBytesMax ||
      size > kTransferBytesMax) {
    return Fail(absl::StrCat("entry ", entries_ + 1, " cannot be read: it is damaged"));
  }
  entry.kind = static_cast<EntryKind>(head[0]);
  if (!Read(entry.key, key) || !Read(entry.bytes, size)) return Fail("it is cut off");
  if (entry.kind == EntryKind::kEnd) return End(entry, digest_->Sum());
  digest_->Add(head);
  digest_->Add(entry.key);
  digest_->Add(entry.bytes);
  ++entries_;
  return true;
}

bool TransferReader::End(const Entry& entry, const std::string& digest) {
  ended_ = true;
  if (entry.bytes != digest || entry.key != absl::StrCat(entries_)) {
    return Fail("its checksum is wrong: it is damaged");
  }
  if (in_.peek() != std::istream::traits_type::eof()) return Fail("something follows its end");
  return false;
}

}  // namespace firstline::store
