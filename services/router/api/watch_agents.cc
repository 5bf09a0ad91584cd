#include "services/router/api/watch_agents.h"

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/router/api/convert_common.h"
#include "services/router/api/limits.h"
#include "services/router/api/watch_agents_check.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

using Clock = std::chrono::steady_clock;
using Request = v1::WatchAgentsRequest;
using Response = v1::WatchAgentsResponse;

// An agent on the stream.
struct Watched {
  // Nothing is told of it before its snapshot; events meanwhile wait here.
  bool awaits_snapshot = true;
  store::EventId snapshot;  // events up to here are in it
  std::vector<EventHub::SharedEvent> held;
  bool overflown = false;  // too many waited: a later snapshot is needed

  void Hold(const EventHub::SharedEvent& event) {
    if (held.size() < limits::kAgentBacklogMax) return held.push_back(event);
    held.clear();
    overflown = true;
  }
};

using AgentsIo = BidiStream<AgentService, Request, Response>;

class WatchAgents final : public AgentsIo {
 public:
  WatchAgents(std::shared_ptr<RpcLoop> loop, AgentService& service, Backend& backend,
              EventHub& hub, WatchAgentsOptions options)
      : AgentsIo(std::move(loop), {"firstline.v1.AgentService", "WatchAgents"}, service,
                 &AgentService::RequestWatchAgents),
        service_(service),
        backend_(backend),
        hub_(hub),
        options_(options) {}
  void Listen() { Accept(); }

  // The sessions this stream vouches for; none while it has not been heard of.
  void AddSessions(std::map<std::string, std::vector<runtime::SessionRef>>& sessions) const {
    if (ended() || watched_.empty()) return;
    std::vector<runtime::SessionRef>& refs = sessions[workspace_];
    for (const auto& [agent, state] : watched_) refs.push_back({agent, session_});
  }

 private:
  // ---- From gRPC ----
  void ListenAgain() override {
    (new WatchAgents(shared_loop(), service_, backend_, hub_, options_))->Listen();
  }

  void OnOpen() override {
    heard_ = told_ = Clock::now();
    Read();
  }

  void OnRead(bool ok) override {
    // Who closes its side without a goodbye is lost: the session lives on for the grace.
    if (!ok) return End(absl::OkStatus());
    heard_ = Clock::now();
    if (workspace_.empty() != (request().action_case() == Request::kOpen)) {
      return End(workspace_.empty() ? Unexpected("open must come first", "open")
                                    : Unexpected("the stream is open already", "open"));
    }
    switch (request().action_case()) {
      case Request::kOpen: return OnOpenMessage();
      case Request::kAdd: return OnAdd();
      case Request::kRemove: return OnRemove();
      case Request::kHeartbeat: return Read();
      case Request::kGoodbye: return OnGoodbye();
      case Request::ACTION_NOT_SET: break;
    }
    End(Unexpected("an action is required", "action"));
  }

  void OnTick() override {
    const Clock::time_point now = Clock::now();
    if (now - heard_ > options_.lease && !busy_) return End(LeaseExpired());
    if (opened_ && outgoing_.empty() && !writing() && now - told_ >= limits::kHeartbeat) {
      Response response;
      response.mutable_heartbeat();
      response.set_cursor(cursor_);
      Tell(std::move(response));
    }
  }

  void OnWritten() override { Flush(); }

  void OnClosed() override {
    if (opened_) hub_.Close(id());
  }

  // ---- Opening ----
  void OnOpenMessage() {
    if (absl::Status checked = CheckOpen(request().open()); !checked.ok()) {
      return End(std::move(checked));
    }
    workspace_ = request().open().workspace();
    session_ = request().open().session_id();
    include_inquiries_ = request().open().include_inquiries();
    Ask([](const engine::Engine&) { return absl::OkStatus(); },
        [](WatchAgents& self, const absl::Status& status, store::EventId) {
          status.ok() ? self.OnOpened() : self.End(status);
        });
  }

  void OnOpened() {
    opened_ = true;
    hub_.OpenFollower(id(), workspace_, [loop = shared_loop(), id = id()](EventHub::Batch batch) {
      auto shared = std::make_shared<EventHub::Batch>(std::move(batch));
      loop->PostTo<WatchAgents>(id, [shared](WatchAgents& self) { self.OnBatch(*shared); });
    });
    hub_.Next(id());
    Response response;
    const auto lease = std::chrono::duration_cast<std::chrono::microseconds>(options_.lease);
    store::WriteMessage(engine::Microseconds(lease.count()),
                        response.mutable_opened()->mutable_lease());
    response.mutable_opened()->set_session_id(session_);
    Tell(std::move(response));
    Read();
  }

  // ---- Adding: follow, then open the sessions, then look ----
  void OnAdd() {
    if (absl::Status checked = CheckAdd(request().add()); !checked.ok()) {
      return End(std::move(checked));
    }
    if (watched_.size() + static_cast<size_t>(request().add().agents_size()) >
        limits::kAgentsPerStreamMax) {
      return End(TooManyAgents());
    }
    busy_ = true;
    std::vector<std::string> ids;
    for (const Request::Subject& subject : request().add().agents()) {
      ids.push_back(subject.agent_id());
    }
    hub_.AddAgents(id(), ids, [loop = shared_loop(), id = id()] {
      loop->PostTo<WatchAgents>(id, [](WatchAgents& self) { self.ReadSequences(); });
    });
  }

  // Presence set in a session is numbered within it; a stream goes on where the session stands.
  void ReadSequences() {
    auto sequences = std::make_shared<std::map<std::string, uint64_t>>();
    std::vector<std::string> ids;
    for (const Request::Subject& subject : request().add().agents()) {
      ids.push_back(subject.agent_id());
    }
    Ask([sequences, ids, session = session_](const engine::Engine& engine) {
          for (const std::string& agent_id : ids) {
            const engine::AgentIx ix = engine.FindAgent(agent_id);
            if (!ix.IsSet()) continue;
            for (const engine::Session& open : engine.agent(ix).sessions) {
              if (open.id == session) (*sequences)[agent_id] = open.sequence;
            }
          }
          return absl::OkStatus();
        },
        [sequences](WatchAgents& self, const absl::Status& status, store::EventId) {
          status.ok() ? self.OpenSessions(*sequences) : self.End(status);
        });
  }

  void OpenSessions(std::map<std::string, uint64_t>& sequences) {
    adding_ = static_cast<size_t>(request().add().agents_size());
    for (const Request::Subject& subject : request().add().agents()) {
      engine::Body body = engine::OpenSession{subject.agent_id(), session_};
      if (subject.presence() != v1::PRESENCE_UNSPECIFIED) {
        Fields fields;
        body = engine::SetPresence{
            .agent_id = subject.agent_id(),
            .presence = ReadEnum(subject.presence(), Path("presence"), fields),
            .reason = subject.reason(),
            .session_id = session_,
            .sequence = sequences[subject.agent_id()] + 1};
      }
      SubmitFor(subject.agent_id(), std::move(body));
    }
  }

  void SubmitFor(const std::string& agent_id, engine::Body body) {
    const CommandKind kind = body.index();
    runtime::Call call{.workspace = workspace_, .body = engine::Command{.body = std::move(body)}};
    backend_.Submit(std::move(call), [loop = shared_loop(), id = id(), kind, agent_id,
                                           workspace = workspace_](runtime::Answer answer) {
      absl::Status status = ToStatus(answer, workspace, kind);
      loop->PostTo<WatchAgents>(id, [agent_id, status = std::move(status)](WatchAgents& self) {
        self.OnAdded(agent_id, status);
      });
    });
  }

  void OnAdded(const std::string& agent_id, const absl::Status& status) {
    if (status.ok()) {
      // What waits behind a snapshot that is under way stays: it is newer than that snapshot.
      watched_[agent_id].awaits_snapshot = true;
    } else {
      if (watched_.count(agent_id) == 0) hub_.RemoveAgents(id(), {agent_id});
      Response response;
      response.mutable_failure()->set_agent_id(agent_id);
      *response.mutable_failure()->mutable_error() = rpc::ToProto(status);
      Tell(std::move(response));
    }
    if (--adding_ > 0) return;
    busy_ = false;
    heard_ = Clock::now();
    LookAtAgents();
    Read();
  }

  // ---- Leaving ----
  void OnRemove() {
    if (absl::Status checked = CheckRemove(request().remove()); !checked.ok()) {
      return End(std::move(checked));
    }
    std::vector<std::string> ids;
    for (const std::string& agent_id : request().remove().agent_ids()) {
      if (watched_.erase(agent_id) > 0) ids.push_back(agent_id);
    }
    CloseSessions(ids);
    hub_.RemoveAgents(id(), std::move(ids));
    Read();
  }

  void OnGoodbye() {
    std::vector<std::string> ids;
    for (const auto& [agent_id, state] : watched_) ids.push_back(agent_id);
    watched_.clear();
    CloseSessions(ids);
    // Behind the closing commands, so that they are done when the caller hears the end.
    Ask([](const engine::Engine&) { return absl::OkStatus(); },
        [](WatchAgents& self, const absl::Status& status, store::EventId) { self.End(status); });
  }

  void CloseSessions(const std::vector<std::string>& ids) {
    for (const std::string& agent_id : ids) {
      runtime::Call call{.workspace = workspace_,
                         .body = engine::Command{.body = engine::CloseSession{agent_id, session_}}};
      backend_.Submit(std::move(call), [](const runtime::Answer&) {});
    }
  }

  // ---- Telling ----
  // Snapshots of every agent that awaits one, some at a time.
  void LookAtAgents() {
    if (looking_) return;
    auto ids = std::make_shared<std::vector<std::string>>();
    for (const auto& [agent_id, state] : watched_) {
      if (!state.awaits_snapshot) continue;
      ids->push_back(agent_id);
      if (ids->size() == limits::kSnapshotAgentsMax) break;
    }
    if (ids->empty()) return;
    looking_ = true;
    auto response = std::make_shared<Response>();
    Ask([ids, response, with = include_inquiries_](const engine::Engine& engine) {
          response->mutable_snapshot();
          for (const std::string& agent_id : *ids) {
            const engine::AgentIx ix = engine.FindAgent(agent_id);
            if (!ix.IsSet()) continue;
            WriteAgentStatus(engine, ix, with, response->mutable_snapshot()->add_agents());
          }
          return absl::OkStatus();
        },
        [ids, response, era = era_](WatchAgents& self, const absl::Status& status,
                                    store::EventId cursor) {
          if (!status.ok()) return self.End(status);
          self.looking_ = false;
          if (era == self.era_) self.OnLooked(*ids, std::move(*response), cursor);
          self.LookAtAgents();
        });
  }

  void OnLooked(const std::vector<std::string>& ids, Response response, store::EventId cursor) {
    response.set_cursor(store::ToString(cursor));
    Tell(std::move(response));
    std::vector<EventHub::SharedEvent> held;
    for (const std::string& agent_id : ids) {
      const auto it = watched_.find(agent_id);
      if (it == watched_.end()) continue;
      it->second.awaits_snapshot = std::exchange(it->second.overflown, false);
      it->second.snapshot = cursor;
      for (EventHub::SharedEvent& event : it->second.held) {
        if (event->id > cursor) held.push_back(std::move(event));
      }
      it->second.held.clear();
    }
    std::sort(held.begin(), held.end(),
              [](const auto& a, const auto& b) { return a->id < b->id; });
    if (!held.empty()) TellEvents(held, held.back()->id);
  }

  void OnBatch(const EventHub::Batch& batch) {
    bool changed_owner = batch.lost;
    std::vector<EventHub::SharedEvent> events;
    for (const EventHub::SharedEvent& event : batch.events) {
      if (event->event.kind_case() == v1::Event::kOwnerChanged) changed_owner = true;
      const auto it = watched_.find(event->event.agent_id());
      if (it == watched_.end()) continue;
      if (it->second.awaits_snapshot) {
        it->second.Hold(event);
      } else if (event->id > it->second.snapshot) {
        events.push_back(event);
      }
    }
    if (changed_owner) {
      // Looks again at everybody; a pod that is no longer the owner learns it from the answer.
      ++era_;
      for (auto& [agent_id, state] : watched_) state = {};
      LookAtAgents();
      return hub_.Next(id());
    }
    if (events.empty()) return hub_.Next(id());
    TellEvents(events, batch.cursor);
    asks_next_ = true;
  }

  void TellEvents(const std::vector<EventHub::SharedEvent>& events, store::EventId cursor) {
    Response response;
    std::vector<std::string> inquiries;
    for (const EventHub::SharedEvent& event : events) {
      *response.mutable_updates()->add_events() = event->event;
      const auto kind = event->event.kind_case();
      if (kind == v1::Event::kOfferCreated || kind == v1::Event::kInquiryAssigned) {
        inquiries.push_back(event->event.inquiry_id());
      }
    }
    response.set_cursor(store::ToString(cursor));
    if (!include_inquiries_ || inquiries.empty()) return Tell(std::move(response));
    // Holds its place in the line while the inquiries are read.
    outgoing_.push_back({std::move(response), false, ++last_ticket_});
    AddInquiries(last_ticket_, std::move(inquiries));
  }

  // The message with `ticket` goes out when its inquiries are there.
  void AddInquiries(uint64_t ticket, std::vector<std::string> inquiries) {
    auto work = std::make_shared<std::vector<v1::AgentWork>>();
    Ask([work, inquiries = std::move(inquiries)](const engine::Engine& engine) {
          for (const std::string& inquiry_id : inquiries) {
            const engine::InquiryIx ix = engine.FindInquiry(inquiry_id);
            if (ix.IsSet()) WriteWork(engine, engine.inquiry(ix), true, &work->emplace_back());
          }
          return absl::OkStatus();
        },
        [work, ticket](WatchAgents& self, const absl::Status& status, store::EventId) {
          if (!status.ok()) return self.End(status);
          for (Outgoing& out : self.outgoing_) {
            if (out.ticket != ticket) continue;
            for (v1::AgentWork& item : *work) {
              *out.response.mutable_updates()->add_work() = std::move(item);
            }
            out.ready = true;
          }
          self.Flush();
        });
  }

  void Tell(Response response) {
    outgoing_.push_back({std::move(response), true});
    Flush();
  }

  void Flush() {
    if (writing() || ended()) return;
    if (outgoing_.empty()) {
      if (std::exchange(asks_next_, false)) hub_.Next(id());
      return;
    }
    if (!outgoing_.front().ready) return;
    told_ = Clock::now();
    Response response = std::move(outgoing_.front().response);
    if (!response.cursor().empty()) cursor_ = response.cursor();
    outgoing_.pop_front();
    Write(response);
  }

  // Reads the workspace and comes back to the loop's thread.
  void Ask(std::function<absl::Status(const engine::Engine&)> read,
           std::function<void(WatchAgents&, const absl::Status&, store::EventId)> then) {
    ReadState(backend_, workspace_, runtime::kNeverBoot, std::move(read),
              [loop = shared_loop(), id = id(), then = std::move(then)](absl::Status status,
                                                                        store::EventId cursor) {
                loop->PostTo<WatchAgents>(
                    id, [then, status = std::move(status), cursor](WatchAgents& self) {
                      then(self, status, cursor);
                    });
              });
  }

  struct Outgoing {
    Response response;
    bool ready = true;
    uint64_t ticket = 0;
  };

  AgentService& service_;
  Backend& backend_;
  EventHub& hub_;
  const WatchAgentsOptions options_;

  std::string workspace_, session_;
  bool include_inquiries_ = false;
  bool opened_ = false;
  bool busy_ = false;       // an Add is under way: no message is read meanwhile
  size_t adding_ = 0;       // agents of it that are not answered
  bool looking_ = false;    // a snapshot is under way
  uint64_t era_ = 0;        // snapshots asked for in an earlier one are of no use
  bool asks_next_ = false;  // the hub is asked for more when everything is out
  std::map<std::string, Watched> watched_;
  std::deque<Outgoing> outgoing_;
  uint64_t last_ticket_ = 0;
  std::string cursor_;  // as last told
  Clock::time_point heard_, told_;
};

}  // namespace

void ListenForAgents(const std::shared_ptr<RpcLoop>& loop, AgentService& service,
                     Backend& backend, EventHub& hub, WatchAgentsOptions options) {
  loop->Post([loop, &service, &backend, &hub, options] {
    (new WatchAgents(loop, service, backend, hub, options))->Listen();
  });
}

void BeatForAgents(RpcLoop& loop, Backend& backend) {
  std::map<std::string, std::vector<runtime::SessionRef>> sessions;
  loop.ForEach([&](RpcStream& stream) {
    if (auto* agents = dynamic_cast<WatchAgents*>(&stream)) agents->AddSessions(sessions);
  });
  for (auto& [workspace, refs] : sessions) backend.Beat(workspace, std::move(refs));
}

}  // namespace firstline::api
