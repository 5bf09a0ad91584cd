#include "tests/bench/ledger.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/client/subscription.h"
#include "tests/bench/measurement.h"

namespace firstline::bench {

void Ledger::Add(const std::string& workspace, const std::string& inquiry, int submitted,
                 int cancelled) {
  sync::MutexLock lock(mutex_);
  Counts& counts = told_[workspace][inquiry];
  counts.submitted += submitted;
  counts.cancelled += cancelled;
}

void Ledger::Read(const std::string& workspace, const v1::Event& event) {
  sync::MutexLock lock(mutex_);
  if (event.has_inquiry_submitted()) ++seen_[workspace][event.inquiry_id()].submitted;
  if (event.has_inquiry_cancelled()) ++seen_[workspace][event.inquiry_id()].cancelled;
}

// Up to an inquiry that is submitted for this, after all others.
void Ledger::ReadAll(client::Client& client, const std::string& workspace) {
  v1::SubmitInquiryRequest last;
  last.set_workspace(workspace);
  last.mutable_inquiry()->set_id("end-of-ledger");
  last.mutable_inquiry()->set_channel("chat");
  last.mutable_inquiry()->set_queue("q");
  if (const auto done = client.SubmitInquiry(last); !done.ok()) Fail(done.error().ToString());
  client::Subscription history(client, {.workspace = workspace, .cursor = "0-0"});
  while (const auto news = history.Next()) {
    if (news->kind != client::News::Kind::kEvents) Fail(news->error.ToString());
    for (const v1::Event& event : news->events) {
      Read(workspace, event);
      if (event.has_inquiry_submitted() && event.inquiry_id() == last.inquiry().id()) return;
    }
  }
  Fail("the history of " + workspace + " ends early");
}

std::vector<std::string> Ledger::Names() {
  sync::MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [workspace, inquiries] : told_) names.push_back(workspace);
  return names;
}

LedgerCheck Ledger::Check(client::Client& client) {
  for (const std::string& workspace : Names()) ReadAll(client, workspace);
  return Judge();
}

LedgerCheck Ledger::Judge() {
  LedgerCheck check;
  sync::MutexLock lock(mutex_);
  for (const auto& [workspace, inquiries] : told_) {
    const Inquiries& seen = seen_[workspace];
    for (const auto& [inquiry, told] : inquiries) {
      const auto at = seen.find(inquiry);
      const Counts happened = at == seen.end() ? Counts{} : at->second;
      const int missing = std::max(told.submitted - happened.submitted, 0) +
                          std::max(told.cancelled - happened.cancelled, 0);
      check.acknowledged += told.submitted + told.cancelled;
      check.lost += missing;
      if (missing > 0) check.example = absl::StrCat(workspace, " ", inquiry, " is lost");
    }
  }
  for (const auto& [workspace, inquiries] : seen_) {
    for (const auto& [inquiry, happened] : inquiries) {
      if (happened.submitted < 2 && happened.cancelled < 2) continue;
      ++check.doubled;
      check.example = absl::StrCat(workspace, " ", inquiry, " is doubled");
    }
  }
  return check;
}

}  // namespace firstline::bench
