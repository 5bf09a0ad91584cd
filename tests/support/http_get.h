// One request to an HTTP server on this machine, such as a router's metrics port.
//
// Threads: any.
#pragma once

#include <string>

namespace firstline::test {

// The whole response, status line and headers included; "" and a failure of the test when nobody
// answers. `headers`: further ones, each ended by "\r\n".
std::string HttpGet(int port, const std::string& path, const std::string& headers = "");
// The same of "host:port"; the host is not looked at.
std::string HttpGet(const std::string& address, const std::string& path);

}  // namespace firstline::test
