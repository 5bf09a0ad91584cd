// The hub's own promises, with a log in memory: everybody gets what they follow, once and in order,
// and readers of one inquiry cost nothing while others have the events.
#include "services/router/api/event_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/status/reason.h"
#include "common/sync/mutex.h"
#include "services/router/api/limits.h"

namespace firstline::api {
namespace {

using std::chrono::milliseconds;
using store::EventId;
using testing::ElementsAre;

class Log : public store::EventLog {
 public:
  EventId Append(const std::string& inquiry) {
    v1::Event event;
    event.set_inquiry_id(inquiry);
    event.mutable_inquiry_parked();
    return Append(event);
  }
  EventId AppendOwnerChanged() {
    v1::Event event;
    event.mutable_owner_changed();
    return Append(event);
  }
  // Takes everything after `id` back.
  void Rewind(EventId id) {
    sync::MutexLock lock(mutex_);
    while (!entries_.empty() && id < entries_.back().id) entries_.pop_back();
  }

  store::EventPage Read(const store::WorkspaceId&, EventId cursor, size_t max, int64_t) override {
    sync::MutexLock lock(mutex_);
    store::EventPage page;
    const EventId last = entries_.empty() ? EventId{} : entries_.back().id;
    if (last < cursor) {
      page.state = store::CursorState::kRewound;
      page.last_common = last;
      return page;
    }
    for (const store::EventEntry& entry : entries_) {
      if (cursor < entry.id && page.events.size() < max) page.events.push_back(entry);
    }
    return page;
  }
  std::optional<EventId> Last(const store::WorkspaceId&) override {
    sync::MutexLock lock(mutex_);
    return entries_.empty() ? EventId{} : entries_.back().id;
  }

 private:
  EventId Append(v1::Event event) {
    sync::MutexLock lock(mutex_);
    const EventId id{7, ++n_};
    event.set_id(store::ToString(id));
    entries_.push_back({id, event.SerializeAsString()});
    return id;
  }

  sync::Mutex mutex_;
  std::vector<store::EventEntry> entries_ FIRSTLINE_GUARDED_BY(mutex_);
  uint64_t n_ FIRSTLINE_GUARDED_BY(mutex_) = 0;
};

// A stream that keeps what it is told and asks for more at once.
class Watcher {
 public:
  Watcher(EventHub& hub, EventHub::Id id, EventHub::ReaderOptions options) : hub_(hub), id_(id) {
    hub_.OpenReader(id, std::move(options), [this](EventHub::Batch batch) { Take(batch); });
    hub_.Next(id);
  }

  // Waits until so many events came; their ids' numbers.
  std::vector<uint64_t> Await(size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    sync::MutexLock lock(mutex_);
    while (events_.size() < count && status_.ok()) {
      if (!changed_.WaitUntil(mutex_, deadline)) break;
    }
    return events_;
  }
  absl::Status AwaitEnd() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    sync::MutexLock lock(mutex_);
    while (status_.ok() && changed_.WaitUntil(mutex_, deadline)) {
    }
    return status_;
  }

 private:
  void Take(const EventHub::Batch& batch) {
    {
      sync::MutexLock lock(mutex_);
      for (const EventHub::SharedEvent& event : batch.events) events_.push_back(event->id.n);
      status_ = batch.status;
      changed_.NotifyAll();
    }
    if (batch.status.ok()) hub_.Next(id_);
  }

  EventHub& hub_;
  const EventHub::Id id_;
  sync::Mutex mutex_;
  sync::CondVar changed_;
  std::vector<uint64_t> events_ FIRSTLINE_GUARDED_BY(mutex_);
  absl::Status status_ FIRSTLINE_GUARDED_BY(mutex_);
};

class EventHubTest : public testing::Test {
 protected:
  // Stopped before the watchers, which it calls, are gone.
  ~EventHubTest() override { hub_.Stop(); }

  Watcher& Watch(EventHub::ReaderOptions options) {
    options.workspace = "w";
    if (!options.inquiry.empty()) {
      options.filter = [this, inquiry = options.inquiry](const v1::Event& event) {
        ++looks_;
        return event.has_owner_changed() || event.inquiry_id() == inquiry;
      };
    }
    watchers_.push_back(std::make_unique<Watcher>(hub_, watchers_.size() + 1, std::move(options)));
    return *watchers_.back();
  }

  Log log_;
  std::atomic<int> looks_{0};  // of readers of one inquiry at an event
  std::vector<std::unique_ptr<Watcher>> watchers_;
  EventHub hub_{log_, milliseconds(1)};
};

TEST_F(EventHubTest, ReadersOfOneInquiryAreNotAskedAboutOthers) {
  constexpr int kReaders = 100, kOthers = 3000;
  const EventId first = log_.Append("first");
  Watcher& all = Watch({.cursor = first});
  std::vector<Watcher*> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(&Watch({.cursor = first, .inquiry = absl::StrCat("i", i)}));
  }
  // Each hears of its own: it is open, and has looked through everything so far or soon will.
  std::vector<uint64_t> own;
  for (int i = 0; i < kReaders; ++i) own.push_back(log_.Append(absl::StrCat("i", i)).n);
  for (size_t i = 0; i < readers.size(); ++i) {
    EXPECT_THAT(readers[i]->Await(1), ElementsAre(own[i]));
  }
  const EventId settled = log_.Append("settled");
  all.Await(settled.n - 1);
  const int before = looks_;
  for (int i = 0; i < kOthers; ++i) log_.Append("somebody");
  all.Await(settled.n - 1 + kOthers);
  // Some may have been behind when the others' events began: by a page, not by all of them.
  EXPECT_LT(looks_ - before, kReaders * 300) << "without the index " << kReaders * kOthers;
  const uint64_t again = log_.Append("i42").n;
  EXPECT_THAT(readers[42]->Await(2), ElementsAre(own[42], again));
}

TEST_F(EventHubTest, AReaderAheadOfTheTailIsToldNothingTwice) {
  EventId last = log_.Append("mine");
  Watcher& all = Watch({.cursor = last});
  for (int i = 0; i < 3000; ++i) last = log_.Append("mine");  // the tail takes them in pages
  Watcher& reader = Watch({.cursor = last, .inquiry = "mine"});
  all.Await(last.n - 1);
  const uint64_t next = log_.Append("mine").n;
  EXPECT_THAT(reader.Await(1), ElementsAre(next));
}

TEST_F(EventHubTest, ASleepingReaderHearsOfANewOwner) {
  const EventId first = log_.Append("mine");
  Watcher& reader = Watch({.cursor = first, .inquiry = "mine"});
  const uint64_t own = log_.Append("mine").n;
  reader.Await(1);
  log_.Append("other");
  const uint64_t owner = log_.AppendOwnerChanged().n;
  EXPECT_THAT(reader.Await(2), ElementsAre(own, owner));
}

TEST_F(EventHubTest, ASleepingReaderHearsThatHistoryWasTakenBack) {
  const EventId first = log_.Append("mine");
  Watcher& all = Watch({.cursor = first});
  Watcher& reader = Watch({.cursor = first, .inquiry = "mine"});
  const EventId own = log_.Append("mine");
  reader.Await(1);
  const EventId other = log_.Append("other");
  EXPECT_THAT(all.Await(2), ElementsAre(own.n, other.n));
  log_.Rewind(first);
  const absl::Status status = reader.AwaitEnd();
  EXPECT_EQ(status::ReasonOf(status), "CURSOR_REWOUND");
  EXPECT_EQ(status::GetErrorInfo(status)->metadata.at("resume_cursor"), store::ToString(first));
}

TEST_F(EventHubTest, AFollowerIsToldOnceHistoryHasComeAsFarAsItAwaits) {
  log_.Append("i1");
  const EventId last = log_.Append("i2");
  std::promise<EventHub::Batch> told;
  hub_.OpenFollower(1, "w", [&](EventHub::Batch batch) { told.set_value(std::move(batch)); });
  hub_.Next(1);
  hub_.Await(1, last);
  auto batch = told.get_future();
  ASSERT_EQ(batch.wait_for(limits::kHeartbeat / 2), std::future_status::ready);
  const EventHub::Batch got = batch.get();
  EXPECT_TRUE(got.events.empty()) << "they are about no agent of its";
  EXPECT_EQ(got.reached, last);
  hub_.Close(1);
}

}  // namespace
}  // namespace firstline::api
