// A client that speaks HTTP/2 byte by byte, so that it can speak it badly.
//
//   RawHttp2 client(router.address());
//   client.Send(RawHttp2::kPreface + RawHttp2::Settings());
//   client.Send(RawHttp2::Frame(kPing, 0, 0, std::string(8, 'x')));
//   EXPECT_TRUE(client.EndsWithin(std::chrono::seconds(5)));
//
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace firstline::test {

// Types of frames (RFC 9113, section 6).
enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
inline constexpr uint8_t kEndStream = 1, kEndHeaders = 4;
inline constexpr uint32_t kEnhanceYourCalm = 11;

class RawHttp2 {
 public:
  static constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  // Connects to host:port on this machine; open() is false if that failed.
  explicit RawHttp2(const std::string& address);
  ~RawHttp2();
  RawHttp2(RawHttp2&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawHttp2& operator=(RawHttp2&&) = delete;

  bool open() const { return fd_ >= 0; }
  // False when the other side takes no more, be it that it is gone or for a second.
  bool Send(const std::string& bytes);
  // Reads until the other side ends the connection; false if it did not within `span`.
  bool EndsWithin(std::chrono::milliseconds span);
  // Error codes of the GOAWAY frames among what was read.
  std::vector<uint32_t> GoAways() const;
  // Everything that was read.
  const std::string& heard() const { return heard_; }

  static std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, const std::string& payload);
  // As a client has to begin.
  static std::string Hello() { return kPreface + Frame(kSettings, 0, 0, ""); }
  // The headers of a gRPC call of `path` as a block, without compression.
  static std::string CallHeaders(const std::string& path);
  // A gRPC message: flag, length, bytes. `length`: as it is said.
  static std::string Message(const std::string& bytes, uint32_t length);

 private:
  int fd_ = -1;
  std::string heard_;
};

}  // namespace firstline::test
