// Whether an address leaves this machine. Threads: pure functions.
#pragma once

#include <string>

namespace firstline::router {

// Of "host:port".
std::string HostOf(const std::string& address);
// Addresses as numbers, "localhost" and "unix:...": what another name is resolved to may change.
bool IsLoopback(const std::string& address);

}  // namespace firstline::router
