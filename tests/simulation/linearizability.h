// Whether what clients saw of one inquiry can be explained by one copy of it that does one thing
// at a time: every call takes effect at some moment between its beginning and its answer.
//
// Knows nothing of the engine but a small model: who may go where. What the router does on its own
// (offers, expiries, returns to the queue, by the workspace's rules closing what a lost agent held)
// may happen at any moment; the rest only by a call.
//
//   InquiryView view;
//   const size_t op = view.Begin(now, {.kind = Op::Kind::kAccept, .agent = "a1", .offer = 3});
//   view.End(op, now, result);              // never for calls that were not answered
//   std::string wrong = view.Check(rules);  // "": can be explained
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace firstline::simulation {

enum class Stage : uint8_t { kNone, kWaiting, kOffered, kAssigned, kParked, kClosed, kCancelled };

// An inquiry as somebody saw it.
struct Sight {
  Stage stage = Stage::kNone;
  std::string agent;    // offered to or held by; "" in other stages
  uint32_t offer = 0;   // number of the last one
  friend bool operator==(const Sight&, const Sight&) = default;
};

struct Op {
  enum class Kind : uint8_t {
    kSubmit, kAccept, kDecline, kAgentMessage, kCustomerMessage, kPark, kResume, kClose, kCancel,
    kClaim, kAssign, kAssignWithOffer, kTransfer, kReopen, kRead,
  };
  Kind kind = Kind::kRead;
  std::string agent;  // who acts, or of kAssign who shall have it; "": the platform
  uint32_t offer = 0; // of kAccept and kDecline
};

struct OpResult {
  enum class How : uint8_t {
    kApplied,   // `seen`: what the receipt or the read tells
    kEnded,     // turned away because the inquiry has ended
    kUnknown,   // because there is none
    kRejected,  // for another reason
  };
  How how = How::kApplied;
  Sight seen;
};

struct InquiryRules {
  bool agents_lose_work = true;  // assigned inquiries may return to the queue without a call
  bool offers_to_several = false;  // an offer goes on when one of those asked declines
  bool router_closes = false;      // held inquiries may be closed without a call
};

class InquiryView {
 public:
  size_t Begin(int64_t now_us, Op op);
  void End(size_t op, int64_t now_us, OpResult result);
  size_t answered() const { return answered_; }
  // Cost: calls times the number of ways to order those that overlap, which are few.
  std::string Check(const InquiryRules& rules) const;

 private:
  struct Entry {
    Op op;
    OpResult result;
    int64_t begin_us = 0;
    int64_t end_us = std::numeric_limits<int64_t>::max();
  };
  std::vector<Entry> entries_;
  size_t answered_ = 0;
};

}  // namespace firstline::simulation
