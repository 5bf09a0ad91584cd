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
                                      "read"};

struct Model {
  Sight sight;
  std::string acceptor;  // of the last offer; "": it was not accepted
  auto Key() const { return std::tie(sight.stage, sight.agent, sight.offer, acceptor); }
  bool operator<(const Model& other) const { return Key() < other.Key(); }
};

bool IsEnded(const Model& model) { return model.sight.stage >= Stage::kClosed; }
bool IsHeld(const Model& model) {
  return model.sight.stage == Stage::kAssigned || model.sight.stage == Stage::kParked;
}

// Where the router may bring it without a call so that it looks like `to`; nullopt: nowhere.
std::optional<Model> Reach(const Model& from, const Sight& to, const InquiryRules& rules) {
  if (IsEnded(from)) {
    if (from.sight.stage != to.stage) return std::nullopt;
    return from;
  }
  if (from.sight == to) return from;
  const bool resumed = from.sight.stage == Stage::kParked && to.stage == Stage::kAssigned;
  if (resumed && from.sight.agent == to.agent && from.sight.offer == to.offer) {
    return Model{to, from.acceptor};
  }
  const bool may_return = from.sight.stage == Stage::kWaiting ||
                          from.sight.stage == Stage::kOffered ||
                          from.sight.stage == Stage::kParked ||
                          (from.sight.stage == Stage::kAssigned && rules.agents_lose_work);
  if (!may_return) return std::nullopt;
  if (to.stage == Stage::kWaiting && to.offer >= from.sight.offer) {
    return Model{to, to.offer == from.sight.offer ? from.acceptor : ""};
  }
  if (to.stage == Stage::kOffered && to.offer > from.sight.offer) return Model{to, ""};
  return std::nullopt;
}

std::optional<Model> Held(const Model& from, const std::string& agent) {
  if (!IsHeld(from)) return std::nullopt;
  if (!agent.empty() && from.sight.agent != agent) return std::nullopt;
  return from;
}

std::optional<Model> End(const Model& from, Stage stage) {
  Model ended = from;
  ended.sight.stage = stage;
  return ended;
}

// What applying the call makes of it; nullopt: it could not have been applied.
std::optional<Model> Effect(const Model& from, const Op& op, const InquiryRules& rules) {
  const Stage stage = from.sight.stage;
  if (op.kind == Kind::kSubmit) {
    if (stage != Stage::kNone) return std::nullopt;
    return Model{{Stage::kWaiting, "", 0}, ""};
  }
  if (stage == Stage::kNone) return std::nullopt;
  switch (op.kind) {
    case Kind::kAccept: {
      if (from.sight.offer == op.offer && from.acceptor == op.agent) return from;  // said twice
      auto offered = Reach(from, {Stage::kOffered, op.agent, op.offer}, rules);
      if (!offered) return std::nullopt;
      return Model{{Stage::kAssigned, op.agent, op.offer}, op.agent};
    }
    case Kind::kDecline: {
      if (from.sight.offer == op.offer && !from.acceptor.empty()) return std::nullopt;
      auto offered = Reach(from, {Stage::kOffered, op.agent, op.offer}, rules);
      if (!offered) return from.sight.offer >= op.offer ? std::optional(from) : std::nullopt;
      return Model{{Stage::kWaiting, "", op.offer}, ""};
    }
    case Kind::kAgentMessage: return Held(from, op.agent);
    case Kind::kPark: {
      auto held = Held(from, "");
      if (held) held->sight.stage = Stage::kParked;
      return held;
    }
    case Kind::kResume:
      return stage == Stage::kParked ? std::optional(from) : std::nullopt;
    case Kind::kClose: {
      if (stage == Stage::kClosed) return from;
      return Held(from, op.agent) ? End(from, Stage::kClosed) : std::nullopt;
    }
    case Kind::kCancel: {
      if (stage == Stage::kCancelled) return from;
      return IsEnded(from) ? std::nullopt : End(from, Stage::kCancelled);
    }
    case Kind::kCustomerMessage:
    case Kind::kRead:
    case Kind::kSubmit: return from;
  }
  return std::nullopt;
}

// The state after the call was answered like that; nullopt: it could not have been.
std::optional<Model> Answered(const Model& from, const Op& op, const OpResult& result,
                              const InquiryRules& rules) {
  switch (result.how) {
    case How::kUnknown:
      return from.sight.stage == Stage::kNone ? std::optional(from) : std::nullopt;
    case How::kEnded: return IsEnded(from) ? std::optional(from) : std::nullopt;
    case How::kRejected: return from;
    case How::kApplied: break;
  }
  if (op.kind == Kind::kRead) return Reach(from, result.seen, rules);
  const auto after = Effect(from, op, rules);
  if (!after) return std::nullopt;
  // A repeat of what happened earlier is answered as it was then.
  const bool may_repeat = op.kind == Kind::kAccept || op.kind == Kind::kDecline ||
                          op.kind == Kind::kClose || op.kind == Kind::kCancel;
  if (may_repeat && after->Key() == from.Key()) return after;
  return Reach(*after, result.seen, rules);
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

// One way things may have happened so far: the state, and which of the open calls took effect.
struct Way {
  Model model;
  std::map<size_t, bool> open;  // call -> has taken effect
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
        for (const auto& [op, done] : way.open) {
          if (done) continue;
          const Entry& entry = entries_[op];
          const auto after = entry.end_us == kNever
                                 ? Effect(way.model, entry.op, rules)
                                 : Answered(way.model, entry.op, entry.result, rules);
          if (!after) continue;
          Way further{*after, way.open};
          further.open[op] = true;
          if (all.insert(further).second) next.insert(std::move(further));
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
        way.open[op] = false;
        next.insert(std::move(way));
      }
      ways = std::move(next);
      continue;
    }
    for (Way way : spread(std::move(ways))) {
      if (!way.open.at(op)) continue;
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
