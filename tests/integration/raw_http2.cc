#include "tests/integration/raw_http2.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace firstline::test {
namespace {

using Clock = std::chrono::steady_clock;

std::string BigEndian(uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

uint32_t FromBigEndian(const std::string& text, size_t at, size_t bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(text[at + i]);
  return value;
}

// "Literal header field without indexing" (RFC 7541, 6.2.2); both shorter than 127 bytes.
std::string Literal(const std::string& name, const std::string& value) {
  std::string text(1, '\0');
  text.push_back(static_cast<char>(name.size()));
  text += name;
  text.push_back(static_cast<char>(value.size()));
  return text + value;
}

}  // namespace

RawHttp2::RawHttp2(const std::string& address) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    close(fd_);
    fd_ = -1;
    return;
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval second{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

RawHttp2::~RawHttp2() {
  if (fd_ >= 0) close(fd_);
}

bool RawHttp2::Send(const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

bool RawHttp2::EndsWithin(std::chrono::milliseconds span) {
  const Clock::time_point end = Clock::now() + span;
  char buffer[16384];
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) == 0) return false;
    const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return true;
    heard_.append(buffer, static_cast<size_t>(n));
  }
}

std::vector<uint32_t> RawHttp2::GoAways() const {
  std::vector<uint32_t> codes;
  for (size_t at = 0; at + 9 <= heard_.size();) {
    const size_t length = FromBigEndian(heard_, at, 3);
    if (heard_[at + 3] == kGoAway && at + 9 + 8 <= heard_.size()) {
      codes.push_back(FromBigEndian(heard_, at + 9 + 4, 4));
    }
    at += 9 + length;
  }
  return codes;
}

std::string RawHttp2::Frame(uint8_t type, uint8_t flags, uint32_t stream,
                            const std::string& payload) {
  return BigEndian(static_cast<uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + BigEndian(stream, 4) + payload;
}

std::string RawHttp2::CallHeaders(const std::string& path) {
  return Literal(":method", "POST") + Literal(":scheme", "http") + Literal(":path", path) +
         Literal(":authority", "localhost") + Literal("content-type", "application/grpc") +
         Literal("te", "trailers");
}

std::string RawHttp2::Message(const std::string& bytes, uint32_t length) {
  return std::string(1, '\0') + BigEndian(length, 4) + bytes;
}

}  // namespace firstline::test
