#include "tests/simulation/linearizability.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::simulation {
namespace {

using Kind = Op::Kind;
using How = OpResult::How;

constexpr const char* kStageNames[] = {"none",   "waiting", "offered",  "assigned",
                                       "parked", "closed",  "cancelled"};
constexpr const char* kKindNames[] = {"submit", "accept", "decline", "agent's message",
                                      "customer's message", "park", "resume", "close", "cancel",
                                      "claim", "assignment", "assignment with an offer",
                                      "transfer", "reopening", "read"};

struct Model {
  Sight sight;
  std::string acceptor;  // of the last offer; "": it was not accepted
  bool later = false;    // the last offer is that of `sight` or a later one
  std::set<std::string> decliners;  // of several who were asked by the last offer
  auto Key() const {
    return std::tie(sight.stage, sight.agent, sight.offer, acceptor, later, decliners);
  }
  bool operator<(const Model& other) const { return Key() < other.Key(); }
};
using Models = std::vector<Model>;

bool IsEnded(const Model& model) { return model.sight.stage >= Stage::kClosed; }
bool IsHeld(const Model& model) {
  return model.sight.stage == Stage::kAssigned || model.sight.stage == Stage::kParked;
}

std::optional<Model> End(const Model& from, Stage stage) {
  Model ended = from;
  ended.sight.stage = stage;
  return ended;
}

bool IsOfferOf(const Model& from, uint32_t offer) {
  return from.later ? offer >= from.sight.offer : offer == from.sight.offer;
}

// The same offer, seen like that.
Model Of(const Model& from, const Sight& seen, std::string acceptor) {
  return {seen, std::move(acceptor), false, from.decliners};
}

// Where the router may bring it without a call so that it looks like `to`; nullopt: nowhere.
std::optional<Model> Reach(const Model& from, const Sight& to, const InquiryRules& rules) {
  const Stage stage = from.sight.stage;
  if (IsEnded(from)) {
    if (stage != to.stage) return std::nullopt;
    return from;
  }
  if (stage == to.stage && from.sight.agent == to.agent && IsOfferOf(from, to.offer)) {
    return Of(from, to, from.acceptor);
  }
  const bool resumed = stage == Stage::kParked && to.stage == Stage::kAssigned;
  if (resumed && from.sight.agent == to.agent && IsOfferOf(from, to.offer)) {
    return Of(from, to, from.acceptor);
  }
  if (IsHeld(from) && to.stage == Stage::kClosed && rules.router_closes) {
    return End(from, Stage::kClosed);
  }
  const bool may_return = stage == Stage::kWaiting || stage == Stage::kOffered ||
                          stage == Stage::kParked ||
                          (stage == Stage::kAssigned && rules.agents_lose_work);
  if (!may_return) return std::nullopt;
  if (to.stage == Stage::kWaiting && to.offer >= from.sight.offer) {
    return to.offer == from.sight.offer ? Of(from, to, from.acceptor) : Model{to, ""};
  }
  if (to.stage != Stage::kOffered) return std::nullopt;
  const bool same = stage == Stage::kOffered && IsOfferOf(from, to.offer);
  if (same && rules.offers_to_several) return Of(from, to, "");
  if (to.offer > from.sight.offer) return Model{to, ""};
  return std::nullopt;
}

std::optional<Model> Held(const Model& from, const std::string& agent) {
  if (!IsHeld(from)) return std::nullopt;
  if (!agent.empty() && from.sight.agent != agent) return std::nullopt;
  return from;
}

Models Only(const std::optional<Model>& model) { return model ? Models{*model} : Models{}; }

// An agent is given it whatever happened to it before; it may have it already.
Models Given(const Model& from, const std::string& agent, Stage stage) {
  Models models{{{stage, agent, from.sight.offer}, stage == Stage::kAssigned ? agent : "", true}};
  if (from.sight.stage == Stage::kAssigned && from.sight.agent == agent) models.push_back(from);
  return models;
}

// Only what waits, or is offered to the agent.
Models Claimed(const Model& from, const Op& op, const InquiryRules& rules) {
  if (IsEnded(from)) return {};
  const bool held_for_good = from.sight.stage == Stage::kAssigned && !rules.agents_lose_work;
  if (!held_for_good) return Given(from, op.agent, Stage::kAssigned);
  return from.sight.agent == op.agent ? Models{from} : Models{};
}

Models Accepted(const Model& from, const Op& op, const InquiryRules& rules) {
  if (IsOfferOf(from, op.offer) && from.acceptor == op.agent) return {from};  // said twice
  const auto offered = Reach(from, {Stage::kOffered, op.agent, op.offer}, rules);
  if (!offered || offered->decliners.contains(op.agent)) return {};
  return {Of(*offered, {Stage::kAssigned, op.agent, op.offer}, op.agent)};
}

Models Declined(const Model& from, const Op& op, const InquiryRules& rules) {
  if (IsOfferOf(from, op.offer) && !from.acceptor.empty()) {
    return from.decliners.contains(op.agent) ? Models{from} : Models{};  // said twice
  }
  auto offered = Reach(from, {Stage::kOffered, op.agent, op.offer}, rules);
  if (!offered) return from.sight.offer >= op.offer ? Models{from} : Models{};
  if (rules.offers_to_several) {  // others may have it, or it returns
    offered->decliners.insert(op.agent);
    return {*offered};
  }
  return {{{Stage::kWaiting, "", op.offer}, ""}};
}

Models Closed(const Model& from, const Op& op) {
  if (from.sight.stage == Stage::kClosed) return {from};
  return Held(from, op.agent) ? Only(End(from, Stage::kClosed)) : Models{};
}

Models Reopened(const Model& from, const InquiryRules& rules) {
  const bool closed = from.sight.stage == Stage::kClosed || (IsHeld(from) && rules.router_closes);
  if (!closed) return {};
  return {{{Stage::kWaiting, "", from.sight.offer}, from.acceptor, from.later}};
}

// What applying the call may make of it; none: it could not have been applied.
Models Effect(const Model& from, const Op& op, const InquiryRules& rules) {
  const Stage stage = from.sight.stage;
  if (op.kind == Kind::kSubmit) {
    if (stage != Stage::kNone) return {};
    return {{{Stage::kWaiting, "", 0}, ""}};
  }
  if (stage == Stage::kNone) return {};
  const bool open = !IsEnded(from);
  switch (op.kind) {
    case Kind::kAccept: return Accepted(from, op, rules);
    case Kind::kDecline: return Declined(from, op, rules);
    case Kind::kAgentMessage: return Only(Held(from, op.agent));
    case Kind::kPark: {
      auto held = Held(from, "");
      if (held) held->sight.stage = Stage::kParked;
      return Only(held);
    }
    case Kind::kResume: return stage == Stage::kParked ? Models{from} : Models{};
    case Kind::kClose: return Closed(from, op);
    case Kind::kCancel: {
      if (stage == Stage::kCancelled) return {from};
      return open ? Only(End(from, Stage::kCancelled)) : Models{};
    }
    case Kind::kClaim: return Claimed(from, op, rules);
    case Kind::kAssign: return open ? Given(from, op.agent, Stage::kAssigned) : Models{};
    case Kind::kAssignWithOffer: return open ? Given(from, op.agent, Stage::kOffered) : Models{};
    case Kind::kTransfer: {
      const bool may = op.agent.empty() ? open : Held(from, op.agent).has_value();
      if (!may) return {};
      return {{{Stage::kWaiting, "", from.sight.offer}, from.acceptor, from.later}};
    }
    case Kind::kReopen: return Reopened(from, rules);
    case Kind::kCustomerMessage:
    case Kind::kRead:
    case Kind::kSubmit: return {from};
  }
  return {};
}

// The states there may be after the call was answered like that; none: it could not have been.
Models Answered(const Model& from, const Op& op, const OpResult& result,
                const InquiryRules& rules) {
  switch (result.how) {
    case How::kUnknown: return from.sight.stage == Stage::kNone ? Models{from} : Models{};
    case How::kEnded:
      if (IsHeld(from) && rules.router_closes) return Only(End(from, Stage::kClosed));
      return IsEnded(from) ? Models{from} : Models{};
    case How::kRejected: return {from};
    case How::kApplied: break;
  }
  if (op.kind == Kind::kRead) return Only(Reach(from, result.seen, rules));
  // A repeat of what happened earlier is answered as it was then.
  const bool may_repeat = op.kind == Kind::kAccept || op.kind == Kind::kDecline ||
                          op.kind == Kind::kClose || op.kind == Kind::kCancel;
  Models reached;
  for (const Model& after : Effect(from, op, rules)) {
    if (may_repeat && after.Key() == from.Key()) {
      reached.push_back(after);
    } else if (const auto seen = Reach(after, result.seen, rules)) {
      reached.push_back(*seen);
    }
  }
  return reached;
}

std::string Describe(const Op& op, const OpResult& result) {
  std::string text = kKindNames[static_cast<size_t>(op.kind)];
  if (!op.agent.empty()) absl::StrAppend(&text, " by ", op.agent);
  if (op.offer != 0) absl::StrAppend(&text, " of offer ", op.offer);
  switch (result.how) {
    case How::kApplied:
      absl::StrAppend(&text, ": ", kStageNames[static_cast<size_t>(result.seen.stage)], " ",
                      result.seen.agent, " /", result.seen.offer);
      break;
    case How::kEnded: absl::StrAppend(&text, ": ended"); break;
    case How::kUnknown: absl::StrAppend(&text, ": unknown"); break;
    case How::kRejected: absl::StrAppend(&text, ": rejected"); break;
  }
  return text;
}

// How far an open call has come. Most take effect and are answered at one moment; the answer of one
// that was repeated tells of a later one.
enum class Step : uint8_t { kBegun, kInEffect, kAnswered };

// One way things may have happened so far: the state, and the open calls.
struct Way {
  Model model;
  std::map<size_t, Step> open;
  bool operator<(const Way& other) const {
    if (model < other.model || other.model < model) return model < other.model;
    return open < other.open;
  }
};

}  // namespace

size_t InquiryView::Begin(int64_t now_us, Op op) {
  entries_.push_back({.op = std::move(op), .result = {}, .begin_us = now_us});
  return entries_.size() - 1;
}

void InquiryView::End(size_t op, int64_t now_us, OpResult result) {
  entries_[op].end_us = now_us;
  entries_[op].result = std::move(result);
  ++answered_;
}

// Lowe's just-in-time linearization: calls take effect no earlier than an answer demands it.
std::string InquiryView::Check(const InquiryRules& rules) const {
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  std::vector<std::tuple<int64_t, bool, size_t>> moments;  // time, is the end, call
  for (size_t i = 0; i < entries_.size(); ++i) {
    moments.emplace_back(entries_[i].begin_us, false, i);
    if (entries_[i].end_us != kNever) moments.emplace_back(entries_[i].end_us, true, i);
  }
  std::sort(moments.begin(), moments.end());
  std::set<Way> ways{Way{}};
  // Also by letting any of the open calls take effect, in any order.
  const auto spread = [&](std::set<Way> from) {
    std::set<Way> all = from;
    while (!from.empty()) {
      std::set<Way> next;
      for (const Way& way : from) {
        for (const auto& [op, step] : way.open) {
          if (step == Step::kAnswered) continue;
          const Entry& entry = entries_[op];
          const auto go_on = [&, op = op](Step to, const Models& afterwards) {
            for (const Model& after : afterwards) {
              Way further{after, way.open};
              further.open[op] = to;
              if (all.insert(further).second) next.insert(std::move(further));
            }
          };
          if (entry.end_us == kNever) {
            go_on(Step::kAnswered, Effect(way.model, entry.op, rules));
            continue;
          }
          go_on(Step::kAnswered, Answered(way.model, entry.op, entry.result, rules));
          // That of a decline tells what became of the inquiry meanwhile.
          const bool first_try = step == Step::kBegun && entry.op.kind == Kind::kDecline &&
                                 entry.result.how == How::kApplied && rules.offers_to_several;
          if (first_try) go_on(Step::kInEffect, Effect(way.model, entry.op, rules));
        }
      }
      from = std::move(next);
    }
    return all;
  };
  for (const auto& [time, is_end, op] : moments) {
    std::set<Way> next;
    if (!is_end) {
      for (Way way : ways) {
        way.open[op] = Step::kBegun;
        next.insert(std::move(way));
      }
      ways = std::move(next);
      continue;
    }
    for (Way way : spread(std::move(ways))) {
      if (way.open.at(op) != Step::kAnswered) continue;
      way.open.erase(op);
      next.insert(std::move(way));
    }
    if (next.empty()) {
      return absl::StrCat("at ", time, " us no order of calls explains ",
                          Describe(entries_[op].op, entries_[op].result));
    }
    ways = std::move(next);
  }
  return "";
}

}  // namespace firstline::simulation
