#include "services/router/api/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace firstline::api {
namespace {

constexpr char kIpv6[] = "ipv6:";

// "[2001:db8::1]", or with a zone "[fe80::1%eth0]".
std::optional<in6_addr> Parse(std::string text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  text = text.substr(0, text.find('%'));
  in6_addr address;
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  return address;
}

}  // namespace

std::string ClientAddress(std::string_view peer) {
  std::string host(peer.substr(0, peer.rfind(':')));
  if (!absl::StartsWith(host, kIpv6)) return host;
  // gRPC writes peers as URIs.
  host = absl::StrReplaceAll(host, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  std::optional<in6_addr> address = Parse(host.substr(sizeof(kIpv6) - 1));
  if (!address || IN6_IS_ADDR_V4MAPPED(&*address)) return host;
  std::fill(std::begin(address->s6_addr) + 8, std::end(address->s6_addr), uint8_t{0});
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, &*address, text, sizeof(text));
  return absl::StrCat(kIpv6, text, "/64");
}

}  // namespace firstline::api
