// From where a connection comes, as far as it tells clients apart.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace firstline::api {

// `peer`: as grpc::ServerContext::peer() gives it, "ipv4:10.0.0.7:40312". Without the port, which
// is another for each connection; of IPv6 the network of 64 bits, "ipv6:2001:db8:0:7::/64": whoever
// has one address there has all of them. What is neither stays as it is, but for what follows its
// last colon.
std::string ClientAddress(std::string_view peer);

}  // namespace firstline::api
