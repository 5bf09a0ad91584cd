#include "services/router/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/match.h"

namespace firstline::router {

std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

bool IsLoopback(const std::string& address) {
  const std::string host = HostOf(address);
  in_addr number{};
  if (inet_pton(AF_INET, host.c_str(), &number) == 1) return ntohl(number.s_addr) >> 24 == 127;
  return absl::StartsWith(address, "unix:") || host == "localhost" || host == "[::1]";
}

}  // namespace firstline::router
