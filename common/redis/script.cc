#include "common/redis/script.h"

#include <openssl/evp.h>

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace firstline::redis {
namespace {

std::string Sha1Hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  // Cannot fail but for want of memory, and then the digest of nothing makes every run fall back to
  // EVAL, which is slow and right.
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

void AppendEval(Connection& connection, std::string_view command, std::string_view script,
                Arguments keys, Arguments arguments) {
  const std::string key_count = absl::StrCat(keys.size());
  std::vector<std::string_view> all;
  all.reserve(3 + keys.size() + arguments.size());
  all.insert(all.end(), {command, script, key_count});
  all.insert(all.end(), keys.begin(), keys.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  connection.Append(all);
}

}  // namespace

Script::Script(std::string source) : source_(std::move(source)), sha1_(Sha1Hex(source_)) {}

absl::StatusOr<Reply> Script::Run(Connection& connection, Arguments keys,
                                  Arguments arguments) const {
  AppendEval(connection, "EVALSHA", sha1_, keys, arguments);
  absl::StatusOr<Reply> reply = connection.ReadReply();
  if (KindOf(reply.status()) != ErrorKind::kNoScript) return reply;
  AppendEval(connection, "EVAL", source_, keys, arguments);
  return connection.ReadReply();
}

void Script::Append(Connection& connection, Arguments keys, Arguments arguments) const {
  AppendEval(connection, "EVALSHA", sha1_, keys, arguments);
}

absl::Status Script::Load(Connection& connection) const {
  return connection.Call({"SCRIPT", "LOAD", source_}).status();
}

}  // namespace firstline::redis
