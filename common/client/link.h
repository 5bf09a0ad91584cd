// What a client and the streams opened with it share. Internal to this library.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/client/endpoints.h"
#include "common/client/options.h"

namespace firstline::client {

// Thread rule: any thread.
struct Link {
  explicit Link(const Options& given)
      : options(given), timing(given.timing ? given.timing : RealTiming()), endpoints(given) {}

  const Options options;
  const std::shared_ptr<Timing> timing;
  Endpoints endpoints;
};

// What one call or one stream does between failures.
//
// Thread rule: one thread at a time.
class Persistence {
 public:
  explicit Persistence(Link& link) : link_(link), backoff_(link.options.retry) {}

  // Learns from `error`, which `address` gave about `workspace`: follows the owner it names, or
  // turns to another target. How long to wait before the next attempt; zero to go to the owner.
  std::chrono::nanoseconds Learn(const Error& error, const std::string& workspace,
                                 const std::string& address) {
    if (IsNotOwner(error) &&
        link_.endpoints.Redirect(workspace, address, error.MetadataValue("owner"))) {
      if (++redirects_ <= kRedirectsMax) return std::chrono::nanoseconds(0);
      redirects_ = 0;
    } else if (error.reason.empty() || IsNotOwner(error) || error.reason == "SHUTTING_DOWN") {
      // A router that gives any other reason is the right one; elsewhere is no better.
      link_.endpoints.Fail(workspace, address);
    }
    return backoff_.Next(error, link_.timing->Draw());
  }

  // Whether a stream that ended with `error` is opened again: as IsResumable says, and for
  // kTokenPatience with a token that was good and is so no more. The router's keys were replaced, and
  // the token's source may have one by the new keys soon.
  bool MayResume(const Error& error) {
    if (error.reason != "TOKEN_INVALID") return IsResumable(error);
    if (!worked_) return false;
    const std::chrono::nanoseconds now = link_.timing->Now();
    if (!doubted_since_) doubted_since_ = now;
    return now - *doubted_since_ < kTokenPatience;
  }

  // Something worked.
  void Reset() {
    backoff_.Reset();
    redirects_ = 0;
    worked_ = true;
    doubted_since_.reset();
  }

  static constexpr std::chrono::seconds kTokenPatience{60};

 private:
  // In a row without a wait between: pods that name each other must not make a client spin.
  static constexpr int kRedirectsMax = 3;

  Link& link_;
  Backoff backoff_;
  int redirects_ = 0;
  bool worked_ = false;
  std::optional<std::chrono::nanoseconds> doubted_since_;  // the token, in a row
};

}  // namespace firstline::client
