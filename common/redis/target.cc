#include "common/redis/target.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace firstline::redis {
namespace {

constexpr std::string_view kSentinelScheme = "sentinel://";
constexpr std::string_view kClusterScheme = "cluster://";
constexpr std::string_view kAuth = "auth=";

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

absl::Status Invalid(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("Redis address: ", Absl(what)));
}

// "USER:PASSWORD@" at the front of `rest` goes into `address` and is removed.
absl::Status TakeCredentials(std::string_view& rest, Address& address) {
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return absl::OkStatus();
  auto parsed = Address::Parse(absl::StrCat("redis://", Absl(rest.substr(0, at)), "@host"));
  if (!parsed.ok()) return parsed.status();
  address.user = std::move(parsed->user);
  address.password = std::move(parsed->password);
  rest.remove_prefix(at + 1);
  return absl::OkStatus();
}

absl::Status TakeSeeds(std::string_view hosts, std::uint16_t default_port, Target& target) {
  for (absl::string_view host : absl::StrSplit(Absl(hosts), ',')) {
    auto seed = Address::ParseHost(std::string_view(host.data(), host.size()), default_port);
    if (!seed.ok()) return seed.status();
    if (std::find(target.seeds.begin(), target.seeds.end(), *seed) != target.seeds.end()) {
      return Invalid("a server is listed twice");
    }
    target.seeds.push_back(*std::move(seed));
  }
  return absl::OkStatus();
}

// The user and password of the Sentinels.
absl::Status TakeAuth(std::string_view query, Target& target) {
  if (!query.starts_with(kAuth)) return Invalid("after '?' only auth=[USER]:PASSWORD may stand");
  std::string text = absl::StrCat(Absl(query.substr(kAuth.size())), "@");
  std::string_view rest = text;
  Address sentinel;
  if (absl::Status status = TakeCredentials(rest, sentinel); !status.ok()) return status;
  if (sentinel.password.empty()) return Invalid("auth= needs a password, as in auth=:secret");
  for (Address& seed : target.seeds) {
    seed.user = sentinel.user;
    seed.password = sentinel.password;
  }
  return absl::OkStatus();
}

bool IsOfName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

absl::StatusOr<Target> ParseSentinel(std::string_view rest) {
  Target target;
  target.kind = Target::Kind::kSentinel;
  if (absl::Status status = TakeCredentials(rest, target.server); !status.ok()) return status;
  const std::size_t mark = rest.find('?');
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  rest = rest.substr(0, mark);
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return Invalid("the name of the primary is missing, as in sentinel://HOST,HOST/NAME");
  }
  if (absl::Status s = TakeSeeds(rest.substr(0, slash), kSentinelPort, target); !s.ok()) return s;
  rest.remove_prefix(slash + 1);
  target.primary_name = std::string(rest.substr(0, rest.find('/')));
  if (target.primary_name.empty()) return Invalid("the name of the primary is empty");
  // What Sentinels take. A name of anything else may hold a password behind a '?' that is missing.
  if (!std::all_of(target.primary_name.begin(), target.primary_name.end(), IsOfName)) {
    return Invalid("the name of the primary has more than letters, digits, '.', '-' and '_'");
  }
  if (const std::size_t next = rest.find('/'); next != std::string_view::npos) {
    auto database = Address::Parse(absl::StrCat("redis://host/", Absl(rest.substr(next + 1))));
    if (!database.ok()) return database.status();
    target.server.database = database->database;
  }
  if (mark == std::string_view::npos) return target;
  if (absl::Status status = TakeAuth(query, target); !status.ok()) return status;
  return target;
}

absl::StatusOr<Target> ParseCluster(std::string_view rest) {
  Target target;
  target.kind = Target::Kind::kCluster;
  if (absl::Status status = TakeCredentials(rest, target.server); !status.ok()) return status;
  if (absl::Status s = TakeSeeds(rest, target.server.port, target); !s.ok()) return s;
  for (Address& seed : target.seeds) {
    seed.user = target.server.user;
    seed.password = target.server.password;
  }
  return target;
}

}  // namespace

absl::StatusOr<Target> Target::Parse(std::string_view text) {
  if (text.starts_with(kClusterScheme)) return ParseCluster(text.substr(kClusterScheme.size()));
  if (text.starts_with(kSentinelScheme)) return ParseSentinel(text.substr(kSentinelScheme.size()));
  auto address = Address::Parse(text);
  if (!address.ok()) return address.status();
  return Target(*std::move(address));
}

std::string Target::ToString() const {
  if (kind == Kind::kFixed) return server.ToString();
  const std::string hosts = absl::StrJoin(seeds, ",", [](std::string* out, const Address& seed) {
    out->append(seed.ToString());
  });
  if (kind == Kind::kCluster) return absl::StrCat(Absl(kClusterScheme), hosts);
  std::string text = absl::StrCat(Absl(kSentinelScheme), hosts, "/", primary_name);
  if (server.database != 0) absl::StrAppend(&text, "/", server.database);
  return text;
}

}  // namespace firstline::redis
