#include "services/cli/load/ledger.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace firstline::load {
namespace {

constexpr std::size_t kExamplesMax = 10;

std::uint8_t BitOf(Operation operation) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(operation));
}

void CountUp(std::uint8_t& count) {
  if (count < 255) ++count;
}

}  // namespace

Number Ledger::Open(Time due) {
  sync::MutexLock lock(mutex_);
  entries_.push_back({.due = due});
  return entries_.size() - 1;
}

std::string Ledger::IdOf(Number number) const { return absl::StrCat(prefix_, number); }

bool Ledger::NumberOf(const std::string& id, Number& number) const {
  return id.starts_with(prefix_) && absl::SimpleAtoi(id.substr(prefix_.size()), &number);
}

Ledger::Time Ledger::DueOf(Number number) const {
  sync::MutexLock lock(mutex_);
  return entries_[number].due;
}

void Ledger::Acknowledge(Number number, Operation operation) {
  sync::MutexLock lock(mutex_);
  Entry& entry = entries_[number];
  if ((entry.answered & BitOf(operation)) != 0) return;  // A repeat.
  entry.answered = static_cast<std::uint8_t>(entry.answered | BitOf(operation));
  ++acknowledged_[static_cast<std::size_t>(operation)];
}

void Ledger::Refuse(Number number, const client::Error& error) {
  sync::MutexLock lock(mutex_);
  ++refused_;
  if (IsShed(error)) ++shed_;
  entries_[number].refused = error.code == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

void Ledger::Read(const v1::Event& event) {
  Number number = 0;
  if (!NumberOf(event.inquiry_id(), number)) return;
  sync::MutexLock lock(mutex_);
  if (number >= entries_.size()) return;
  Entry& entry = entries_[number];
  if (event.has_inquiry_submitted()) CountUp(entry.submitted);
  if (event.has_inquiry_assigned()) CountUp(entry.assigned);
  if (event.has_message_recorded()) CountUp(entry.replied);
  if (event.has_inquiry_closed()) CountUp(entry.closed);
}

bool Ledger::IsLost(const Entry& entry) {
  const auto lacks = [&](Operation operation, std::uint8_t events) {
    return (entry.answered & BitOf(operation)) != 0 && events == 0;
  };
  return lacks(Operation::kSubmit, entry.submitted) || lacks(Operation::kAccept, entry.assigned) ||
         lacks(Operation::kReply, entry.replied) || lacks(Operation::kClose, entry.closed);
}

Verdict Ledger::Judge() const {
  sync::MutexLock lock(mutex_);
  Verdict verdict;
  verdict.acknowledged = acknowledged_[static_cast<std::size_t>(Operation::kSubmit)];
  for (Number number = 0; number < entries_.size(); ++number) {
    const Entry& entry = entries_[number];
    const bool lost = IsLost(entry);
    const bool doubled =
        entry.submitted > 1 || entry.assigned > 1 || entry.replied > 1 || entry.closed > 1;
    verdict.known += entry.submitted > 0 ? 1 : 0;
    verdict.lost += lost ? 1 : 0;
    verdict.doubled += doubled ? 1 : 0;
    verdict.refused_but_known += entry.refused && entry.submitted > 0 ? 1 : 0;
    if ((lost || doubled) && verdict.examples.size() < kExamplesMax) {
      verdict.examples.push_back(IdOf(number));
    }
  }
  return verdict;
}

std::uint64_t Ledger::opened() const {
  sync::MutexLock lock(mutex_);
  return entries_.size();
}

std::uint64_t Ledger::acknowledged(Operation operation) const {
  sync::MutexLock lock(mutex_);
  return acknowledged_[static_cast<std::size_t>(operation)];
}

std::uint64_t Ledger::open() const {
  sync::MutexLock lock(mutex_);
  const std::uint64_t over =
      refused_ + acknowledged_[static_cast<std::size_t>(Operation::kClose)];
  // A submission whose answer was lost may be closed all the same.
  return entries_.size() - std::min<std::uint64_t>(entries_.size(), over);
}

std::uint64_t Ledger::shed() const {
  sync::MutexLock lock(mutex_);
  return shed_;
}

}  // namespace firstline::load
