#include "services/router/api/watch_agents.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/router/api/limits.h"
#include "services/router/api/watch_agents_check.h"
#include "services/router/api/watched_agents.h"
#include "services/router/store/public_messages.h"

namespace firstline::api {
namespace {

using Clock = std::chrono::steady_clock;
using Request = v1::WatchAgentsRequest;
using Response = v1::WatchAgentsResponse;

using AgentsIo = BidiStream<AgentService, Request, Response>;

// Agents as the owner showed them, not told yet.
struct Looked {
  std::vector<std::string> ids;
  internal::v1::ReadAgentsResponse agents;

  store::EventId cursor() const {
    return store::ParseEventId(agents.cursor()).value_or(store::EventId{});
  }
};

class WatchAgents final : public AgentsIo {
 public:
  WatchAgents(std::shared_ptr<RpcLoop> loop, AgentService& service, OwnerCalls& owner,
              EventHub& hub, WatchAgentsOptions options)
      : AgentsIo(std::move(loop), {"firstline.v1.AgentService", "WatchAgents"}, service,
                 &AgentService::RequestWatchAgents),
        service_(service),
        owner_(owner),
        hub_(hub),
        options_(options) {}
  void Listen() { Accept(); }

  // The sessions this stream vouches for; none while it has not been heard of.
  void AddSession(std::map<std::string, internal::v1::BeatRequest>& beats) const {
    if (ended() || watched_.empty()) return;
    auto& session = *beats[workspace_].add_sessions();
    session.set_session_id(session_);
    for (const auto& [agent, state] : watched_.all()) session.add_agent_ids(agent);
  }

 private:
  // ---- From gRPC ----
  void ListenAgain() override {
    (new WatchAgents(shared_loop(), service_, owner_, hub_, options_))->Listen();
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
      SetCursor(response, watched_.told());  // nothing is on its way out
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
    if (absl::Status allowed = CheckRequest(*caller(), request().open()); !allowed.ok()) {
      return End(std::move(allowed));
    }
    workspace_ = request().open().workspace();
    session_ = request().open().session_id();
    include_inquiries_ = request().open().include_inquiries();
    internal::v1::ReadSessionsRequest known;
    known.set_workspace(workspace_);
    owner_.ReadSessions(std::move(known), Back<internal::v1::ReadSessionsResponse>(
        [](WatchAgents& self, const absl::Status& status, auto&) {
          status.ok() ? self.OnOpened() : self.End(status);
        }));
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
    for (const Request::Subject& subject : request().add().agents()) {
      if (absl::Status own = CheckAgent(*caller(), subject.agent_id()); !own.ok()) {
        return End(std::move(own));
      }
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
    internal::v1::ReadSessionsRequest read;
    read.set_workspace(workspace_);
    read.set_session_id(session_);
    for (const Request::Subject& subject : request().add().agents()) {
      read.add_agent_ids(subject.agent_id());
    }
    owner_.ReadSessions(std::move(read), Back<internal::v1::ReadSessionsResponse>(
        [](WatchAgents& self, const absl::Status& status, auto& sessions) {
          status.ok() ? self.OpenSessions(sessions) : self.End(status);
        }));
  }

  void OpenSessions(const internal::v1::ReadSessionsResponse& sessions) {
    if (sessions.sequences_size() != request().add().agents_size()) return End(UnreadableResponse());
    internal::v1::OpenSessionsRequest open;
    open.set_workspace(workspace_);
    open.set_session_id(session_);
    for (int i = 0; i < request().add().agents_size(); ++i) {
      const Request::Subject& added = request().add().agents(i);
      auto& subject = *open.add_subjects();
      subject.set_agent_id(added.agent_id());
      subject.set_presence(added.presence());
      subject.set_reason(added.reason());
      subject.set_sequence(sessions.sequences(i) + 1);
    }
    owner_.OpenSessions(std::move(open), caller(), Back<internal::v1::OpenSessionsResponse>(
        [](WatchAgents& self, const absl::Status& status, auto& opened) {
          self.OnAdded(status, opened);
        }));
  }

  void OnAdded(const absl::Status& status, const internal::v1::OpenSessionsResponse& opened) {
    if (status.ok() && opened.results_size() != request().add().agents_size()) {
      return End(UnreadableResponse());
    }
    for (int i = 0; i < request().add().agents_size(); ++i) {
      const std::string& agent_id = request().add().agents(i).agent_id();
      OnAdded(agent_id, status.ok() ? opened.results(i) : rpc::ToProto(status));
    }
    busy_ = false;
    heard_ = Clock::now();
    LookAtAgents();
    Read();
  }

  void OnAdded(const std::string& agent_id, const google::rpc::Status& result) {
    if (result.code() == 0) {
      watched_.Await(agent_id);
      return;
    }
    if (watched_.Find(agent_id) == nullptr) hub_.RemoveAgents(id(), {agent_id});
    Response response;
    response.mutable_failure()->set_agent_id(agent_id);
    *response.mutable_failure()->mutable_error() = result;
    Tell(std::move(response));
  }

  // ---- Leaving ----
  void OnRemove() {
    if (absl::Status checked = CheckRemove(request().remove()); !checked.ok()) {
      return End(std::move(checked));
    }
    std::vector<std::string> ids;
    for (const std::string& agent_id : request().remove().agent_ids()) {
      if (watched_.Remove(agent_id)) ids.push_back(agent_id);
    }
    if (!ids.empty()) CloseSessions(ids, [](const absl::Status&, auto&) {});
    hub_.RemoveAgents(id(), std::move(ids));
    // A snapshot under way may show who was removed, or satisfy who is added again too early.
    ++era_;
    if (std::exchange(looked_, std::nullopt)) looking_ = false;
    LookAtAgents();
    Read();
  }

  // Closes the sessions, so many at a time; the caller hears the end when it is done.
  void OnGoodbye() {
    busy_ = true;
    std::vector<std::string> ids;
    while (!watched_.empty() && ids.size() < limits::kAgentsPerMessageMax) {
      ids.push_back(watched_.all().begin()->first);
      watched_.Remove(ids.back());
    }
    if (ids.empty()) return End(absl::OkStatus());
    CloseSessions(ids, Back<internal::v1::CloseSessionsResponse>(
        [](WatchAgents& self, const absl::Status& status, auto&) {
          status.ok() ? self.OnGoodbye() : self.End(status);
        }));
  }

  void CloseSessions(const std::vector<std::string>& ids,
                     OwnerCalls::Then<internal::v1::CloseSessionsResponse> then) {
    internal::v1::CloseSessionsRequest close;
    close.set_workspace(workspace_);
    close.set_session_id(session_);
    close.mutable_agent_ids()->Assign(ids.begin(), ids.end());
    owner_.CloseSessions(std::move(close), caller(), std::move(then));
  }

  // ---- Telling ----
  // Snapshots of every agent that awaits one, some at a time.
  void LookAtAgents() {
    if (looking_) return;
    std::vector<std::string> ids = watched_.Awaiting(limits::kSnapshotAgentsMax);
    if (ids.empty()) return;
    looking_ = true;
    internal::v1::ReadAgentsRequest read;
    read.mutable_agent_ids()->Assign(ids.begin(), ids.end());
    read.set_workspace(workspace_);
    read.set_include_inquiries(include_inquiries_);
    owner_.ReadAgents(std::move(read), Back<internal::v1::ReadAgentsResponse>(
        [ids = std::move(ids), era = era_](WatchAgents& self, const absl::Status& status,
                                           auto& agents) {
          if (!status.ok()) return self.End(status);
          self.looking_ = false;
          if (era == self.era_) self.OnLooked({ids, std::move(agents)});
          self.LookAtAgents();
        }));
  }

  // It is told once the hub has come as far: agents that were told of before are to be told everything
  // up to it first, and where the hub's history has no such event the owner is one on another.
  void OnLooked(Looked looked) {
    hub_.Await(id(), looked.cursor());
    looked_ = std::move(looked);
    looking_ = true;
  }

  // In the order of history: what happened before the snapshot to agents that were told of before,
  // the snapshot, what happened since.
  void TellSnapshot(Looked& looked) {
    const store::EventId told = watched_.told();
    WatchedAgents::Events before, after;
    for (const std::string& agent_id : looked.ids) {
      watched_.Show(agent_id, looked.cursor(), before, after);
    }
    TellHeld(before, told, told);
    Response response;
    response.mutable_snapshot()->mutable_agents()->Swap(looked.agents.mutable_agents());
    response.set_cursor(looked.agents.cursor());
    Tell(std::move(response));
    TellHeld(after, told, watched_.told());
  }

  // `told`: up to where everything has been told before these, `then`: after the last of them.
  void TellHeld(WatchedAgents::Events& held, store::EventId told, store::EventId then) {
    std::sort(held.begin(), held.end(),
              [](const auto& a, const auto& b) { return a->id < b->id; });
    for (size_t next = 0; next < held.size() && !ended();) {
      const size_t end = std::min(next + limits::kEventsPerMessageMax, held.size());
      const auto at = [&](size_t i) { return held.begin() + static_cast<std::ptrdiff_t>(i); };
      TellEvents({at(next), at(end)}, end == held.size() ? then : told);
      next = end;
    }
  }

  void OnBatch(const EventHub::Batch& batch) {
    // History is not what was told: everything is looked at anew.
    if (batch.lost) LookAgain(/*forget=*/true);
    WatchedAgents::Events events;
    for (const EventHub::SharedEvent& event : batch.events) {
      if (event->event.kind_case() == v1::Event::kOwnerChanged) LookAgain(/*forget=*/false);
      Watched* watched = watched_.Find(event->event.agent_id());
      if (watched == nullptr) continue;
      if (watched->awaits_snapshot) {
        watched->Hold(event);
      } else if (event->id > watched->snapshot) {
        watched_.Pass(event->id);
        events.push_back(event);
      }
    }
    watched_.Hear(*batch.cursor);
    if (!events.empty()) TellEvents(events, watched_.told());
    if (looked_ && looked_->cursor() == batch.reached) {
      looking_ = false;
      Looked looked = *std::exchange(looked_, std::nullopt);
      TellSnapshot(looked);
    }
    LookAtAgents();
    if (events.empty()) return hub_.Next(id());
    asks_next_ = true;
    Flush();
  }

  // A new owner may have read another state than was told, and gave people more time.
  void LookAgain(bool forget) {
    ++era_;
    if (std::exchange(looked_, std::nullopt)) looking_ = false;
    watched_.AwaitAll(forget);
  }

  void TellEvents(const WatchedAgents::Events& events, store::EventId cursor) {
    Response response;
    std::vector<std::string> inquiries;
    for (const EventHub::SharedEvent& event : events) {
      // Its agents count as gone while the caller is here: this pod could not vouch for them.
      if (EndsSession(event->event)) return End(LeaseExpired());
      *response.mutable_updates()->add_events() = event->event;
      const auto kind = event->event.kind_case();
      if (kind == v1::Event::kOfferCreated || kind == v1::Event::kInquiryAssigned) {
        inquiries.push_back(event->event.inquiry_id());
      }
    }
    SetCursor(response, cursor);
    if (!include_inquiries_ || inquiries.empty()) return Tell(std::move(response));
    // Holds its place in the line while the inquiries are read.
    outgoing_.push_back({std::move(response), false, ++last_ticket_});
    AddInquiries(last_ticket_, inquiries);
  }

  static void SetCursor(Response& response, store::EventId told) {
    if (told != store::EventId{}) response.set_cursor(store::ToString(told));
  }

  bool EndsSession(const v1::Event& event) const {
    return event.has_session_closed() && event.session_closed().session_id() == session_ &&
           event.session_closed().cause() == v1::SESSION_CLOSE_CAUSE_LAPSED;
  }

  // The message with `ticket` goes out when its inquiries are there.
  void AddInquiries(uint64_t ticket, const std::vector<std::string>& inquiries) {
    internal::v1::ReadWorkRequest read;
    read.set_workspace(workspace_);
    read.mutable_inquiry_ids()->Assign(inquiries.begin(), inquiries.end());
    owner_.ReadWork(std::move(read), Back<internal::v1::ReadWorkResponse>(
        [ticket](WatchAgents& self, const absl::Status& status, auto& found) {
          if (!status.ok()) return self.End(status);
          for (Outgoing& out : self.outgoing_) {
            if (out.ticket != ticket) continue;
            out.response.mutable_updates()->mutable_work()->Swap(found.mutable_work());
            out.ready = true;
          }
          self.Flush();
        }));
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
    outgoing_.pop_front();
    Write(response);
  }

  // What an owner's answer leads to, on this loop's thread; nothing once the stream has ended.
  template <class Answer>
  OwnerCalls::Then<Answer> Back(
      std::function<void(WatchAgents&, const absl::Status&, Answer&)> then) {
    return [loop = shared_loop(), id = id(), then = std::move(then)](const absl::Status& status,
                                                                     Answer& answer) {
      auto shared = std::make_shared<Answer>(std::move(answer));
      loop->PostTo<WatchAgents>(
          id, [then, status, shared](WatchAgents& self) { then(self, status, *shared); });
    };
  }

  struct Outgoing {
    Response response;
    bool ready = true;
    uint64_t ticket = 0;
  };

  AgentService& service_;
  OwnerCalls& owner_;
  EventHub& hub_;
  const WatchAgentsOptions options_;

  std::string workspace_, session_;
  bool include_inquiries_ = false;
  bool opened_ = false;
  bool busy_ = false;       // an Add or a Goodbye is under way: no message is read meanwhile
  bool looking_ = false;    // a snapshot is under way
  std::optional<Looked> looked_;  // ... and waits for history to come this far
  uint64_t era_ = 0;        // snapshots asked for in an earlier one are of no use
  bool asks_next_ = false;  // the hub is asked for more when everything is out
  WatchedAgents watched_;
  std::deque<Outgoing> outgoing_;
  uint64_t last_ticket_ = 0;
  Clock::time_point heard_, told_;
};

}  // namespace

void ListenForAgents(const std::shared_ptr<RpcLoop>& loop, AgentService& service,
                     OwnerCalls& owner, EventHub& hub, WatchAgentsOptions options) {
  loop->Post([loop, &service, &owner, &hub, options] {
    (new WatchAgents(loop, service, owner, hub, options))->Listen();
  });
}

void AgentBeats::Beat() {
  std::map<std::string, internal::v1::BeatRequest> beats;
  loop_.ForEach([&](RpcStream& stream) {
    if (auto* agents = dynamic_cast<WatchAgents*>(&stream)) agents->AddSession(beats);
  });
  for (auto& [workspace, beat] : beats) {
    if (!under_way_.insert(workspace).second) continue;
    beat.set_workspace(workspace);
    owner_.Beat(std::move(beat), [this, loop = loop_.shared_from_this(), name = workspace](
                                     const absl::Status&, internal::v1::BeatResponse&) {
      loop->Post([this, name] { under_way_.erase(name); });
    });
  }
}

}  // namespace firstline::api
