// A platform under way while something breaks: it submits inquiries as fast as it is answered, and
// remembers which were acknowledged.
//
// Thread rule: by its owner; its own threads end with Stop or destruction.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/client/client.h"
#include "firstline/v1/event.pb.h"

namespace firstline::test {

inline constexpr char kShop[] = "shop";

class Load {
 public:
  // `targets`: routers that may own the workspace, which is made first: one queue that accepts
  // automatically and one agent with much room. Throws when that fails.
  explicit Load(std::vector<std::string> targets, std::string workspace = kShop);
  ~Load() { Stop(); }

  // `pause`: between two inquiries of a thread.
  void Start(int threads, std::chrono::milliseconds pause = {});
  // Returns when `more` inquiries have been acknowledged from now on, or false after a minute.
  bool Acknowledge(size_t more);
  // How many are acknowledged from now on within `span`, or until there are more than `enough`.
  size_t AcknowledgedWithin(std::chrono::milliseconds span, size_t enough);
  // Between two acknowledgements, or the first and `since`, of those after it.
  std::chrono::milliseconds LongestSilence(std::chrono::steady_clock::time_point since) const;
  void Stop();

  std::set<std::string> acknowledged() const;
  using Clock = std::chrono::steady_clock;
  // When each acknowledgement arrived.
  std::map<std::string, Clock::time_point> acknowledged_at() const;
  // Errors that are no invitation to try again; there must be none.
  std::vector<std::string> refusals() const;
  // How often each acknowledged inquiry was submitted and assigned, by the public history.
  struct Told {
    std::map<std::string, int> submitted, assigned;
    std::vector<v1::Event> events;
  };
  Told History();
  // For who reads of a failure: when its acknowledgement came and with which cursor, what history
  // tells around that, when the owner changed, and what a router says of it now.
  std::string Describe(const std::string& id, const Told& told);

 private:
  void Run(int number, std::chrono::milliseconds pause);
  client::Result<v1::SubmitInquiryResponse> Submit(const std::string& id);

  const std::string workspace_;
  client::Client client_;
  mutable std::mutex mutex_;
  std::condition_variable heard_;
  struct Acknowledgement {
    Clock::time_point at;
    std::string cursor;  // of the receipt
  };
  std::map<std::string, Acknowledgement> acknowledged_;
  std::vector<std::string> refusals_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
  int histories_ = 0;
};

// Stops the load and holds its acknowledgements against the public history: everything that was
// acknowledged was submitted once and assigned once at most, and nothing was refused for good.
void ExpectExactlyOnce(Load& load);

}  // namespace firstline::test
