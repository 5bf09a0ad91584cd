#include "tests/bench/load.h"

#include "common/client/token.h"
#include "common/tls/credentials.h"

namespace firstline::bench {
namespace {

constexpr uint64_t kVarint = 0, kLengthDelimited = 2;

void AddVarint(std::string& bytes, uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Only moves on when the tag is the one wanted.
bool TakeTag(std::string_view& bytes, int field, uint64_t type) {
  std::string_view rest = bytes;
  uint64_t tag = 0;
  if (!TakeVarint(rest, tag) || tag != (static_cast<uint64_t>(field) << 3 | type)) return false;
  bytes = rest;
  return true;
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> Credentials(const LoadOptions& options) {
  if (options.tls_ca.empty()) return grpc::InsecureChannelCredentials();
  auto credentials = tls::ChannelCredentials({.ca = options.tls_ca});
  if (!credentials.ok()) Fail(credentials.status().ToString());
  if (options.token_file.empty()) return *credentials;
  return client::WithToken(*credentials, client::TokenFile(options.token_file));
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("firstline-router");
  return arguments;
}

std::vector<std::shared_ptr<grpc::Channel>> Connect(const LoadOptions& options) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.connections; ++i) {
    grpc::ChannelArguments arguments = Arguments();
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channels.push_back(
        grpc::CreateCustomChannel(options.target, Credentials(options), arguments));
    if (!channels.back()->WaitForConnected(std::chrono::system_clock::now() +
                                           std::chrono::seconds(30))) {
      Fail("nothing answers at " + options.target);
    }
  }
  return channels;
}

grpc::ByteBuffer ToBuffer(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

std::string_view BytesOf(const grpc::ByteBuffer& buffer, grpc::Slice& scratch) {
  if (!buffer.TrySingleSlice(&scratch).ok() && !buffer.DumpToSingleSlice(&scratch).ok()) {
    Fail("an answer cannot be read");
  }
  return {reinterpret_cast<const char*>(scratch.begin()), scratch.size()};
}

bool TakeField(std::string_view& bytes, int field, std::string_view& value) {
  uint64_t size = 0;
  if (!TakeTag(bytes, field, kLengthDelimited)) return false;
  if (!TakeVarint(bytes, size) || size > bytes.size()) Fail("an answer is cut off");
  value = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return true;
}

bool TakeNumber(std::string_view& bytes, int field, uint64_t& value) {
  return TakeTag(bytes, field, kVarint) && TakeVarint(bytes, value);
}

void AddField(std::string& bytes, int field, std::string_view value) {
  AddVarint(bytes, static_cast<uint64_t>(field) << 3 | kLengthDelimited);
  AddVarint(bytes, value.size());
  bytes.append(value);
}

void AddNumber(std::string& bytes, int field, uint64_t value) {
  AddVarint(bytes, static_cast<uint64_t>(field) << 3 | kVarint);
  AddVarint(bytes, value);
}

}  // namespace firstline::bench
