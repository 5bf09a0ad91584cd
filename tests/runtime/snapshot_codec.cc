#include "tests/runtime/snapshot_codec.h"

#include "absl/strings/str_cat.h"

namespace firstline::runtime {

using store::Table;

std::string SnapshotCodec::Keep(Snapshot snapshot) const {
  sync::MutexLock lock(mutex_);
  snapshots_.push_back(std::move(snapshot));
  return std::to_string(snapshots_.size() - 1);
}

SnapshotCodec::Snapshot SnapshotCodec::Find(const std::string& bytes) const {
  sync::MutexLock lock(mutex_);
  return snapshots_.at(std::stoul(bytes));
}

// "<what>@<time>"; the tests look for the kind alone.
std::vector<store::EventEntry> SnapshotCodec::EncodeEvents(const engine::Engine& engine,
                                                           store::EventId first) const {
  std::vector<store::EventEntry> entries;
  for (const engine::Event& event : engine.events()) {
    std::string what = absl::StrCat("event", event.body.index());
    if (const auto* extended = std::get_if<engine::DeadlinesExtended>(&event.body)) {
      what = absl::StrCat("extended ", extended->span.us);
    } else if (const auto* owner = std::get_if<engine::OwnerChanged>(&event.body)) {
      what = absl::StrCat("owner ", owner->address, owner->lost_tail ? " lost" : "");
    } else if (const auto* quarantined = std::get_if<engine::RecordQuarantined>(&event.body)) {
      what = absl::StrCat("quarantined ", quarantined->table, "/", quarantined->key);
    } else if (const auto* lapsed = std::get_if<engine::SessionEnded>(&event.body)) {
      what = absl::StrCat("session ended ", lapsed->session_id);
    } else if (const auto* offer = std::get_if<engine::OfferEnded>(&event.body)) {
      what = absl::StrCat("offer ended ", static_cast<int>(offer->outcome));
    } else if (const auto* submitted = std::get_if<engine::InquirySubmitted>(&event.body)) {
      what = absl::StrCat("submitted ", engine.inquiry(submitted->inquiry).id);
    }
    entries.push_back({first, absl::StrCat(what, "@", event.time.us)});
    ++first.n;
  }
  return entries;
}

store::Put SnapshotCodec::PutInquiry(const engine::Engine& engine, engine::InquiryIx ix) const {
  InquirySnapshot snapshot;
  const engine::Inquiry& inquiry = engine.inquiry(ix);
  snapshot.inquiry = inquiry;
  snapshot.asked = engine.Spec(inquiry.asked);
  snapshot.own = engine.Spec(inquiry.own);
  snapshot.channel = engine.ChannelId(inquiry.channel);
  snapshot.queue = engine.QueueId(inquiry.queue);
  snapshot.agent = engine.AgentId(inquiry.agent);
  snapshot.offer_agent = engine.AgentId(inquiry.offer_agent);
  for (engine::AgentIx agent : inquiry.preferred) {
    snapshot.preferred.push_back(engine.AgentId(agent));
  }
  for (const engine::Exception& exception : inquiry.exceptions) {
    snapshot.exceptions.push_back(engine.AgentId(exception.agent));
  }
  return {Table::kInquiry, inquiry.id, Keep(std::move(snapshot))};
}

store::Put SnapshotCodec::PutAgent(const engine::Engine& engine, engine::AgentIx ix) const {
  AgentSnapshot snapshot{engine.ConfigOf(ix), engine.agent(ix), {}};
  for (const engine::WrapUp& wrap_up : snapshot.agent.wrap_ups) {
    snapshot.wrap_ups.emplace_back(engine.ChannelId(wrap_up.channel),
                                   engine.QueueId(wrap_up.queue));
  }
  return {Table::kAgent, snapshot.agent.id, Keep(std::move(snapshot))};
}

void SnapshotCodec::EncodeChanges(const engine::Engine& engine, const engine::Changes& changes,
                                  store::Batch& batch) const {
  for (engine::InquiryIx ix : changes.inquiries) batch.puts.push_back(PutInquiry(engine, ix));
  for (engine::AgentIx ix : changes.agents) batch.puts.push_back(PutAgent(engine, ix));
  for (const std::string& id : changes.requests) {
    batch.puts.push_back({Table::kRequest, id, Keep(*engine.FindRequest(id))});
  }
  for (const std::string& id : changes.purged_inquiries) {
    batch.erases.push_back({Table::kInquiry, id});
  }
  for (const std::string& id : changes.deleted_agents) batch.erases.push_back({Table::kAgent, id});
  for (const std::string& id : changes.forgotten_requests) {
    batch.erases.push_back({Table::kRequest, id});
  }
  if (changes.config) batch.puts.push_back({Table::kMeta, "config", Keep(engine.config())});
  batch.puts.push_back({Table::kMeta, "counters", Keep(engine.counters())});
}

std::vector<store::Put> SnapshotCodec::EncodeAll(const engine::Engine& engine) const {
  std::vector<store::Put> puts;
  puts.push_back({Table::kMeta, "config", Keep(engine.config())});
  puts.push_back({Table::kMeta, "counters", Keep(engine.counters())});
  engine.ForEachInquiry([&](engine::InquiryIx ix, const engine::Inquiry&) {
    puts.push_back(PutInquiry(engine, ix));
    return true;
  });
  engine.ForEachAgent([&](engine::AgentIx ix, const engine::Agent&) {
    puts.push_back(PutAgent(engine, ix));
    return true;
  });
  engine.ForEachRequest([&](const engine::RememberedRequest& request) {
    puts.push_back({Table::kRequest, request.id, Keep(request)});
    return true;
  });
  return puts;
}

void SnapshotCodec::Restore(InquirySnapshot snapshot, engine::Engine& engine) {
  engine::Inquiry& inquiry = snapshot.inquiry;
  inquiry.channel = engine.ChannelHandle(snapshot.channel);
  inquiry.queue = engine.QueueHandle(snapshot.queue);
  inquiry.asked = engine.RequirementHandle(snapshot.asked, inquiry.channel, inquiry.units);
  inquiry.own = engine.RequirementHandle(snapshot.own, inquiry.channel, inquiry.units);
  const auto agent = [&engine](const std::string& id) {
    return id.empty() ? engine::AgentIx{} : engine.AgentHandle(id);
  };
  inquiry.agent = agent(snapshot.agent);
  inquiry.offer_agent = agent(snapshot.offer_agent);
  for (size_t i = 0; i < snapshot.preferred.size(); ++i) {
    inquiry.preferred[i] = agent(snapshot.preferred[i]);
  }
  for (size_t i = 0; i < snapshot.exceptions.size(); ++i) {
    inquiry.exceptions[i].agent = agent(snapshot.exceptions[i]);
  }
  engine.RestoreInquiry(std::move(inquiry));
}

void SnapshotCodec::Restore(AgentSnapshot snapshot, engine::Engine& engine) {
  for (size_t i = 0; i < snapshot.wrap_ups.size(); ++i) {
    snapshot.agent.wrap_ups[i].channel = engine.ChannelHandle(snapshot.wrap_ups[i].first);
    snapshot.agent.wrap_ups[i].queue = engine.QueueHandle(snapshot.wrap_ups[i].second);
  }
  engine.RestoreAgent(snapshot.config, std::move(snapshot.agent));
}

Decoded SnapshotCodec::Decode(const store::State& state, engine::Engine& engine) const {
  Decoded decoded;
  if (refuse_) {
    decoded.refusal = "written by a newer version";
    return decoded;
  }
  engine::WorkspaceConfig config;
  engine::Counters counters;
  for (const store::Record& record : state.records) {
    if (record.table != Table::kMeta) continue;
    if (record.key == "config") config = std::get<engine::WorkspaceConfig>(Find(record.bytes));
    if (record.key == "counters") counters = std::get<engine::Counters>(Find(record.bytes));
    if (record.key.rfind("aside/", 0) == 0) {
      decoded.put_aside.push_back({Table::kMeta, record.key, record.bytes});
    }
  }
  if (!state.records.empty()) engine.RestoreConfig(config, counters);
  for (const store::Record& record : state.records) {
    if (record.table == Table::kAgent) {
      Restore(std::get<AgentSnapshot>(Find(record.bytes)), engine);
    }
  }
  for (const store::Record& record : state.records) {
    if (record.table == Table::kInquiry && corrupt_.count(record.key) > 0) {
      decoded.quarantined.push_back({record.table, record.key, "corrupt",
                                     {Table::kMeta, "aside/" + record.key, record.bytes}});
    } else if (record.table == Table::kInquiry) {
      Restore(std::get<InquirySnapshot>(Find(record.bytes)), engine);
    } else if (record.table == Table::kRequest) {
      engine.RestoreRequest(std::get<engine::RememberedRequest>(Find(record.bytes)));
    }
  }
  engine.FinishRestore();
  return decoded;
}

}  // namespace firstline::runtime
