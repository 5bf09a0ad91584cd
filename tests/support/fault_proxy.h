// A network that fails as told: a proxy between two ends of TCP on this machine.
//
// Thread rule: any thread; the bytes are carried by a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace firstline::test {

class FaultProxy {
 public:
  // Carries connections to `target`, which is HOST:PORT with a numeric IPv4 host, or unix:PATH; empty
  // until Aim. A connection that cannot be opened there is closed here. Throws std::runtime_error if
  // no port can be had.
  explicit FaultProxy(std::string target = "");
  // Closes everything.
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  // 127.0.0.1:PORT, where it listens.
  std::string address() const;

  // New connections are carried to `target`.
  void Aim(std::string target);
  // What is read from now on arrives so much later, either way and in order; also the word that an
  // end has closed.
  void Delay(std::chrono::milliseconds span);
  // A partition: connections stay, and nothing passes, neither bytes nor ends. What is sent
  // meanwhile arrives once it is over.
  void Hold(bool held);
  // Resets every connection there is; new ones are carried.
  void Cut();

 private:
  class Carrier;
  std::unique_ptr<Carrier> carrier_;
  std::thread thread_;
};

}  // namespace firstline::test
