#include "common/redis/address.h"

#include <algorithm>
#include <sys/un.h>

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace firstline::redis {
namespace {

constexpr std::string_view kTcpScheme = "redis://";
constexpr std::string_view kTlsScheme = "rediss://";
constexpr std::string_view kUnixScheme = "unix:";
constexpr std::uint32_t kPortMax = 65535;
constexpr std::uint32_t kDatabaseMax = 65535;
constexpr std::size_t kUnixPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("Redis address: ", what));
}

bool ParseNumber(std::string_view text, std::uint32_t max, std::uint32_t& value) {
  // SimpleAtoi would let signs and blanks pass.
  for (char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &value) && value <= max;
}

// Tells the host named unix, with a port, from a socket's path.
bool IsPort(std::string_view text) {
  std::uint32_t port = 0;
  return !text.empty() && ParseNumber(text, kPortMax, port);
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexValue(text[i + 1]);
    const int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

absl::Status ParseHostAndPort(std::string_view text, Address& address) {
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return Invalid("'[' without ']'");
    address.host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return Invalid("a port follows ']' after ':'");
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else {
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) return Invalid("an IPv6 host needs brackets, as in [::1]:6379");
    address.host = text.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port) port = text.substr(colon + 1);
  }
  if (address.host.empty()) return Invalid("no host");
  const auto is_of_host = [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
  };
  if (!std::all_of(address.host.begin(), address.host.end(), is_of_host)) {
    return Invalid("the host has a character that no host has");
  }
  if (!has_port) return absl::OkStatus();
  std::uint32_t value = 0;
  if (!ParseNumber(port, kPortMax, value) || value == 0) return Invalid("port is not in 1..65535");
  address.port = static_cast<std::uint16_t>(value);
  return absl::OkStatus();
}

absl::Status ParseCredentials(std::string_view text, Address& address) {
  const std::size_t colon = text.find(':');
  std::optional<std::string> user = PercentDecode(text.substr(0, colon));
  std::optional<std::string> password = std::string();
  if (colon != std::string_view::npos) password = PercentDecode(text.substr(colon + 1));
  if (!user || !password) return Invalid("bad percent-encoding in user or password");
  if (!user->empty() && password->empty()) return Invalid("a user needs a password");
  address.user = *std::move(user);
  address.password = *std::move(password);
  return absl::OkStatus();
}

absl::Status ParseUrl(std::string_view rest, Address& address) {
  // A password may hold '@' unencoded; a host never does.
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    if (absl::Status status = ParseCredentials(rest.substr(0, at), address); !status.ok()) {
      return status;
    }
    rest.remove_prefix(at + 1);
  }
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    const std::string_view database = rest.substr(slash + 1);
    std::uint32_t value = 0;
    if (!database.empty() && !ParseNumber(database, kDatabaseMax, value)) {
      return Invalid("database is not in 0..65535");
    }
    address.database = static_cast<int>(value);
    rest = rest.substr(0, slash);
  }
  return ParseHostAndPort(rest, address);
}

absl::Status ParseUnix(std::string_view path, Address& address) {
  if (path.substr(0, 2) == "//") path.remove_prefix(2);
  if (path.empty() || path.front() != '/') return Invalid("a socket path must be absolute");
  // The same to the kernel, and told in a form that is read again.
  while (path.starts_with("//")) path.remove_prefix(1);
  // hiredis would cut a longer one short and look for another file.
  if (path.size() > kUnixPathBytesMax) return Invalid("a socket path has at most 107 bytes");
  address.unix_path = path;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Address> Address::Parse(std::string_view text) {
  Address address;
  absl::Status status;
  if (text.empty()) {
    status = Invalid("empty");
  } else if (text.starts_with(kTlsScheme)) {
    address.tls = true;
    status = ParseUrl(text.substr(kTlsScheme.size()), address);
  } else if (text.starts_with(kTcpScheme)) {
    status = ParseUrl(text.substr(kTcpScheme.size()), address);
  } else if (text.starts_with(kUnixScheme) && !IsPort(text.substr(kUnixScheme.size()))) {
    status = ParseUnix(text.substr(kUnixScheme.size()), address);
  } else if (text.front() == '/') {
    status = ParseUnix(text, address);
  } else {
    status = ParseHostAndPort(text, address);
  }
  if (!status.ok()) return status;
  return address;
}

absl::StatusOr<Address> Address::ParseHost(std::string_view text, std::uint16_t default_port) {
  Address address;
  address.port = default_port;
  if (absl::Status status = ParseHostAndPort(text, address); !status.ok()) return status;
  return address;
}

std::string Address::ToString() const {
  std::string text;
  if (is_unix()) {
    text = absl::StrCat("unix:", unix_path);
  } else if (host.find(':') != std::string::npos) {
    text = absl::StrCat("[", host, "]:", port);
  } else {
    text = absl::StrCat(host, ":", port);
  }
  if (database != 0) absl::StrAppend(&text, "/", database);
  return text;
}

}  // namespace firstline::redis
