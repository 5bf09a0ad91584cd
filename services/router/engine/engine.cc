#include "services/router/engine/engine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/router/engine/impl.h"

namespace firstline::engine {
namespace {

const std::string kEmpty;

// What was removed and came back within the batch is written, not removed.
void DropRevived(std::vector<std::string>& gone, const auto& exists) {
  std::erase_if(gone, exists);
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
}

}  // namespace

// ---- Inquiry helpers ----------------------------------------------------------------------------

std::string PackAttributes(const Attributes& attributes) {
  std::string packed;
  for (const auto& [key, value] : attributes) {
    packed.append(key).push_back('\0');
    packed.append(value).push_back('\0');
  }
  packed.shrink_to_fit();
  return packed;
}

Attributes UnpackAttributes(std::string_view packed) {
  Attributes attributes;
  const auto next = [&packed] {
    const size_t end = packed.find('\0');
    std::string part(packed.substr(0, end));
    packed.remove_prefix(end == std::string_view::npos ? packed.size() : end + 1);
    return part;
  };
  while (!packed.empty()) {
    std::string key = next();
    attributes.emplace_back(std::move(key), next());
  }
  return attributes;
}

bool Changes::empty() const {
  return inquiries.empty() && purged_inquiries.empty() && agents.empty() &&
         deleted_agents.empty() && requests.empty() && forgotten_requests.empty() &&
         waits.empty() && forgotten_waits.empty() && !config && !counters;
}

// ---- Applying -----------------------------------------------------------------------------------

Engine::Impl::Impl(std::string workspace) {
  world.workspace = std::move(workspace);
  PrepareSelections();
  matcher.Reset();
}

Outcome Engine::Impl::Reject(Rejection rejection, std::string_view subject) {
  return {.rejection = rejection, .subject = std::string(subject), .receipt = {}};
}

Outcome Engine::Impl::Done(InquiryIx inquiry, bool replayed) {
  receipt_inquiry = inquiry;
  Outcome outcome;
  outcome.receipt.replayed = replayed;
  return outcome;
}

Outcome Engine::Impl::Done(AgentIx agent, bool replayed) {
  receipt_agent = agent;
  Outcome outcome;
  outcome.receipt.replayed = replayed;
  return outcome;
}

void Engine::Impl::FillReceipt(Receipt& receipt) const {
  receipt.apply_time = now;
  AgentIx agent = receipt_agent;
  if (receipt_inquiry.IsSet()) {
    const InquirySlot& slot = world.inquiries.slots[receipt_inquiry.value];
    if (slot.live) {
      receipt.state = slot.it.state;
      receipt.offer_number = slot.it.offer_number;
      if (slot.it.agent.IsSet()) agent = slot.it.agent;
    }
  }
  if (agent.IsSet()) receipt.agent_id = world.agent(agent).id;
}

Outcome Engine::Impl::Apply(Time at, const Command& command) {
  // Commands are applied before timers due at the same time or later.
  FireUntil(std::max(at, now), false);
  caller = command.caller;
  uint64_t digest = 0;
  if (!command.request_id.empty()) {
    if (command.request_id.size() > limits::kRequestIdBytesMax) {
      return Reject(Rejection::kInvalidField, "request_id");
    }
    digest = Digest(command.body);
    if (const RememberedRequest* known = requests.Find(command.request_id)) {
      if (known->digest != digest) {
        return Reject(Rejection::kRequestIdReused, command.request_id);
      }
      Outcome outcome;
      outcome.receipt = known->receipt;
      outcome.receipt.replayed = true;
      return outcome;
    }
  }
  receipt_inquiry = {};
  receipt_agent = {};
  const uint64_t inquiries_before = world.counters.inquiry_sequence;
  const uint64_t agents_before = world.counters.agent_sequence;
  Outcome outcome = std::visit([&](const auto& body) { return Do(body, command); }, command.body);
  if (!outcome.ok()) return outcome;
  Settle();
  if (std::holds_alternative<Submit>(command.body) && !outcome.receipt.replayed) {
    NoteExpected(receipt_inquiry);
  }
  FillReceipt(outcome.receipt);
  if (!command.request_id.empty()) {
    requests.Add({command.request_id, digest, now + world.config.settings.request_window,
                  outcome.receipt});
    changes.requests.push_back(command.request_id);
    requests.Trim(now, world.config.settings.request_max, changes.forgotten_requests);
  }
  if (inquiries_before != world.counters.inquiry_sequence ||
      agents_before != world.counters.agent_sequence) {
    changes.counters = true;
  }
  return outcome;
}

AgentIx Engine::Impl::FindLiveAgent(std::string_view id) const {
  const AgentIx ix{world.agents.Find(id)};
  return ix.IsSet() && world.agents[ix.value].live ? ix : AgentIx{};
}

QueueIx Engine::Impl::FindLiveQueue(std::string_view id) const {
  const QueueIx ix{world.queues.Find(id)};
  return ix.IsSet() && world.queue(ix).live ? ix : QueueIx{};
}

ChannelIx Engine::Impl::FindLiveChannel(std::string_view id) const {
  const ChannelIx ix{world.channels.Find(id)};
  return ix.IsSet() && world.channels[ix.value].live ? ix : ChannelIx{};
}

Engine::Engine(std::string workspace) : impl_(std::make_unique<Impl>(std::move(workspace))) {}
Engine::~Engine() = default;

Outcome Engine::Apply(Time now, const Command& command) { return impl_->Apply(now, command); }
void Engine::Tick(Time now) { impl_->FireUntil(std::max(now, impl_->now), true); }
Time Engine::NextDeadline() const { return impl_->NextDeadline(); }

// ---- What happened ------------------------------------------------------------------------------

const std::vector<Event>& Engine::events() const { return impl_->events; }
void Engine::ClearEvents() { impl_->events.clear(); }

Changes Engine::TakeChanges() {
  World& world = impl_->world;
  Changes taken = std::move(impl_->changes);
  impl_->changes = {};
  for (InquiryIx ix : taken.inquiries) world.inquiries.slots[ix.value].dirty = false;
  for (AgentIx ix : taken.agents) world.agents[ix.value].dirty = false;
  for (QueueIx ix : taken.waits) world.queue(ix).wait_dirty = false;
  std::erase_if(taken.waits, [&](QueueIx ix) { return !world.queue(ix).judges_wait; });
  std::erase_if(taken.agents, [&](AgentIx ix) { return !world.agents[ix.value].live; });
  DropRevived(taken.purged_inquiries,
               [&](const std::string& id) { return FindInquiry(id).IsSet(); });
  DropRevived(taken.deleted_agents, [&](const std::string& id) { return FindAgent(id).IsSet(); });
  DropRevived(taken.forgotten_requests,
               [&](const std::string& id) { return FindRequest(id) != nullptr; });
  DropRevived(taken.forgotten_waits, [&](const std::string& id) {
    const QueueIx queue = FindQueue(id);
    return queue.IsSet() && WaitsOf(queue) != nullptr;
  });
  std::erase_if(taken.requests, [&](const std::string& id) { return FindRequest(id) == nullptr; });
  if (!taken.empty()) taken.counters = true;
  return taken;
}

// ---- Views --------------------------------------------------------------------------------------

const std::string& Engine::workspace() const { return impl_->world.workspace; }
Time Engine::now() const { return impl_->now; }
const WorkspaceConfig& Engine::config() const { return impl_->world.config; }
const Counters& Engine::counters() const { return impl_->world.counters; }
std::string Engine::etag() const {
  const uint64_t version = impl_->world.counters.config_version;
  return version == 0 ? std::string() : absl::StrCat(version);
}
InquiryIx Engine::FindInquiry(std::string_view id) const {
  return {impl_->world.inquiries.index.Find(id)};
}
AgentIx Engine::FindAgent(std::string_view id) const { return impl_->FindLiveAgent(id); }
QueueIx Engine::FindQueue(std::string_view id) const { return impl_->FindLiveQueue(id); }
ChannelIx Engine::FindChannel(std::string_view id) const { return impl_->FindLiveChannel(id); }
const RememberedRequest* Engine::FindRequest(std::string_view id) const {
  return impl_->requests.Find(id);
}
const Inquiry& Engine::inquiry(InquiryIx ix) const { return impl_->world.inquiry(ix); }
const Agent& Engine::agent(AgentIx ix) const { return impl_->world.agent(ix); }
const std::string& Engine::AgentId(AgentIx ix) const {
  return ix.IsSet() ? impl_->world.agent(ix).id : kEmpty;
}
const std::string& Engine::QueueId(QueueIx ix) const {
  return ix.IsSet() ? impl_->world.queue(ix).id : kEmpty;
}
const std::string& Engine::ChannelId(ChannelIx ix) const {
  return ix.IsSet() ? impl_->world.channels[ix.value].id : kEmpty;
}
const QueueConfig& Engine::queue(QueueIx ix) const { return impl_->world.queue(ix).config; }
const ChannelConfig& Engine::channel(ChannelIx ix) const { return impl_->world.channel(ix); }
const std::string& Engine::NameText(NameIx ix) const {
  return ix.IsSet() ? impl_->world.names.Text(ix) : kEmpty;
}
const std::string& Engine::VendorOf(NameIx team) const {
  if (!team.IsSet()) return kEmpty;
  for (const TeamConfig& config : impl_->world.config.teams) {
    if (config.id == NameText(team)) return config.vendor;
  }
  return kEmpty;
}
const Profile& Engine::profile(ProfileIx ix) const { return impl_->world.profiles[ix]; }
const Requirement& Engine::requirement(RequirementIx ix) const {
  return impl_->world.requirements[ix];
}

AgentConfig Engine::ConfigOf(AgentIx ix) const { return impl_->world.agents[ix.value].config; }

QueueGauges Engine::Gauges(QueueIx ix) const {
  QueueSlot& queue = impl_->world.queue(ix);
  QueueGauges gauges{queue.waiting, queue.offered, queue.assigned, queue.parked, {}};
  const InquiryIx oldest = queue.oldest.Top([&](InquiryIx i, uint64_t sequence) {
    const Inquiry& inquiry = impl_->world.inquiry(i);
    return inquiry.sequence == sequence && inquiry.state == InquiryState::kWaiting &&
           inquiry.queue == ix;
  });
  if (oldest.IsSet()) gauges.oldest_waiting = impl_->world.inquiry(oldest).create_time;
  return gauges;
}

void Engine::ForEachInquiry(const std::function<bool(InquiryIx, const Inquiry&)>& visit) const {
  const auto& slots = impl_->world.inquiries.slots;
  for (uint32_t i = 0; i < slots.size(); ++i) {
    if (slots[i].live && !visit({i}, slots[i].it)) return;
  }
}

void Engine::ForEachAgent(const std::function<bool(AgentIx, const Agent&)>& visit) const {
  const auto& agents = impl_->world.agents;
  for (uint32_t a = 0; a < agents.size(); ++a) {
    if (agents[a].live && !visit({a}, agents[a].it)) return;
  }
}

void Engine::ForEachQueue(const std::function<bool(QueueIx, const QueueConfig&)>& visit) const {
  const auto& queues = impl_->world.queues;
  for (uint32_t q = 0; q < queues.size(); ++q) {
    if (queues[q].live && !visit({q}, queues[q].config)) return;
  }
}

void Engine::ForEachRequest(const std::function<bool(const RememberedRequest&)>& visit) const {
  impl_->requests.ForEach(visit);
}

size_t Engine::open_inquiries() const { return impl_->world.open_inquiries; }
size_t Engine::inquiries() const { return impl_->world.inquiries.index.size(); }
size_t Engine::agents() const { return impl_->world.live_agents; }

Gate Engine::GateOf(const Agent& agent, ChannelIx channel, int units) const {
  return engine::GateOf(agent, channel, units);
}
Gate Engine::QueueGateOf(const Agent& agent, QueueIx queue) const {
  return engine::QueueGateOf(agent, queue);
}

Audience Engine::AudienceOf(const Inquiry& inquiry) const {
  const QueueSlot& queue = impl_->world.queue(inquiry.queue);
  return queue.audiences[std::min<size_t>(inquiry.step, queue.audiences.size() - 1)];
}

std::string_view ToString(Rejection rejection) {
  switch (rejection) {
    case Rejection::kNone: return "NONE";
    case Rejection::kInvalidField: return "INVALID_FIELD";
    case Rejection::kWhenOutOfRange: return "WHEN_OUT_OF_RANGE";
    case Rejection::kRequestIdReused: return "REQUEST_ID_REUSED";
    case Rejection::kUnknownInquiry: return "UNKNOWN_INQUIRY";
    case Rejection::kUnknownAgent: return "UNKNOWN_AGENT";
    case Rejection::kUnknownQueue: return "UNKNOWN_QUEUE";
    case Rejection::kUnknownChannel: return "UNKNOWN_CHANNEL";
    case Rejection::kUnknownOffer: return "UNKNOWN_OFFER";
    case Rejection::kUnknownReason: return "UNKNOWN_REASON";
    case Rejection::kNotClassified: return "NOT_CLASSIFIED";
    case Rejection::kInquiryIdReused: return "INQUIRY_ID_REUSED";
    case Rejection::kMessageIdReused: return "MESSAGE_ID_REUSED";
    case Rejection::kInquiryEnded: return "INQUIRY_ENDED";
    case Rejection::kInquiryNotEnded: return "INQUIRY_NOT_ENDED";
    case Rejection::kInquiryNotAssigned: return "INQUIRY_NOT_ASSIGNED";
    case Rejection::kInquiryNotParked: return "INQUIRY_NOT_PARKED";
    case Rejection::kChannelNotMessaging: return "CHANNEL_NOT_MESSAGING";
    case Rejection::kNotAssignee: return "NOT_ASSIGNEE";
    case Rejection::kOfferNotYours: return "OFFER_NOT_YOURS";
    case Rejection::kOfferEnded: return "OFFER_ENDED";
    case Rejection::kOfferTaken: return "OFFER_TAKEN";
    case Rejection::kInquiryNotWaiting: return "INQUIRY_NOT_WAITING";
    case Rejection::kClaimNotAllowed: return "CLAIM_NOT_ALLOWED";
    case Rejection::kAgentNotSuited: return "AGENT_NOT_SUITED";
    case Rejection::kGateClosed: return "GATE_CLOSED";
    case Rejection::kReopenNotAllowed: return "REOPEN_NOT_ALLOWED";
    case Rejection::kWrapUpLimit: return "WRAP_UP_LIMIT";
    case Rejection::kNoWrapUp: return "NO_WRAP_UP";
    case Rejection::kFeedbackGiven: return "FEEDBACK_GIVEN";
    case Rejection::kAgentBusy: return "AGENT_BUSY";
    case Rejection::kEtagMismatch: return "ETAG_MISMATCH";
    case Rejection::kConfigInvalid: return "CONFIG_INVALID";
    case Rejection::kQueueInUse: return "QUEUE_IN_USE";
    case Rejection::kChannelInUse: return "CHANNEL_IN_USE";
    case Rejection::kQueueFull: return "QUEUE_FULL";
    case Rejection::kTooManyInquiries: return "TOO_MANY_INQUIRIES";
    case Rejection::kTooManyAgents: return "TOO_MANY_AGENTS";
    case Rejection::kTooManySessions: return "TOO_MANY_SESSIONS";
    case Rejection::kTooManyRequirements: return "TOO_MANY_REQUIREMENTS";
    case Rejection::kTooManyNames: return "TOO_MANY_NAMES";
    case Rejection::kNobodyLoggedIn: return "NOBODY_LOGGED_IN";
    case Rejection::kWaitTooLong: return "WAIT_TOO_LONG";
  }
  return "UNKNOWN";
}

}  // namespace firstline::engine
