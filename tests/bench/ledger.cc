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

// Up to an inquiry that is submitted for this, after all others.
Ledger::Inquiries Ledger::Read(client::Client& client, const std::string& workspace) {
  v1::SubmitInquiryRequest last;
  last.set_workspace(workspace);
  last.mutable_inquiry()->set_id("end-of-ledger");
  last.mutable_inquiry()->set_channel("chat");
  last.mutable_inquiry()->set_queue("q");
  if (const auto done = client.SubmitInquiry(last); !done.ok()) Fail(done.error().ToString());
  Inquiries seen;
  client::Subscription history(client, {.workspace = workspace, .cursor = "0-0"});
  while (const auto news = history.Next()) {
    if (news->kind != client::News::Kind::kEvents) Fail(news->error.ToString());
    for (const v1::Event& event : news->events) {
      if (event.has_inquiry_submitted()) ++seen[event.inquiry_id()].submitted;
      if (event.has_inquiry_cancelled()) ++seen[event.inquiry_id()].cancelled;
      if (event.has_inquiry_submitted() && event.inquiry_id() == last.inquiry().id()) return seen;
    }
  }
  Fail("the history of " + workspace + " ends early");
  return seen;
}

LedgerCheck Ledger::Check(client::Client& client) {
  LedgerCheck check;
  sync::MutexLock lock(mutex_);
  for (const auto& [workspace, inquiries] : told_) {
    const Inquiries seen = Read(client, workspace);
    for (const auto& [inquiry, told] : inquiries) {
      const auto at = seen.find(inquiry);
      const Counts happened = at == seen.end() ? Counts{} : at->second;
      const int missing = std::max(told.submitted - happened.submitted, 0) +
                          std::max(told.cancelled - happened.cancelled, 0);
      check.acknowledged += told.submitted + told.cancelled;
      check.lost += missing;
      if (missing > 0) check.example = absl::StrCat(workspace, " ", inquiry, " is lost");
    }
    for (const auto& [inquiry, happened] : seen) {
      if (happened.submitted < 2 && happened.cancelled < 2) continue;
      ++check.doubled;
      check.example = absl::StrCat(workspace, " ", inquiry, " is doubled");
    }
  }
  return check;
}

}  // namespace firstline::bench
