#include "services/cli/simulate/run.h"

#include <algorithm>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/cli/failure.h"
#include "services/cli/simulate/ledger.h"
#include "services/cli/simulate/occupancy.h"
#include "services/cli/simulate/source.h"
#include "services/router/engine/engine.h"

namespace firstline::simulate {
namespace {

using engine::AgentIx;
using engine::Presence;
using engine::Time;

// Workspace time at the start of a run: 0 would mean "not set".
constexpr std::int64_t kOriginUs = 86'400'000'000;
// How long the run goes on when nobody comes, is answered or leaves any more.
constexpr std::int64_t kLingerUs = 86'400'000'000;
// Ended inquiries are of no use here; some are kept because purging is not what is simulated.
constexpr std::uint32_t kClosedKept = 256;

// Names the stream of answer delays among those of a run; classes have smaller numbers.
constexpr std::uint64_t kAnswerDelays = ~std::uint64_t{0};

// At one instant, in this order.
enum class Act { kLeave, kEnd, kReply, kAccept, kGoOff, kComeOn, kDrain, kArrive };

struct Action {
  std::int64_t time_us = 0;
  Act act = Act::kLeave;
  std::size_t index = 0;   // of the customer, agent or class
  std::uint64_t turn = 0;  // of the customer: outdated when it has changed since
  friend bool operator>(const Action& a, const Action& b) {
    return std::tie(a.time_us, a.act, a.index, a.turn) >
           std::tie(b.time_us, b.act, b.index, b.turn);
  }
};

// Turns are numbers that are never given twice, so that a slot can be used anew.
struct Customer {
  std::string id;
  Ledger::Entry entry;
  bool messaging = false;
  bool waiting = false;  // not answered yet
  std::int64_t arrive_us = 0;
  std::int64_t service_us = 0;
  std::uint64_t visit = 0;  // turn of the whole stay; 0: an empty slot
  std::uint64_t turn = 0;   // of the present offer or conversation
  std::uint32_t offer = 0;  // its number
  AgentIx agent;
};

// A slot of `items` at `index`, with all before it.
template <class T>
T& At(std::vector<T>& items, std::uint32_t index) {
  if (items.size() <= index) items.resize(index + 1);
  return items[index];
}

}  // namespace

class Run::Impl {
 public:
  Impl(const Model& model, const RunOptions& options);
  std::vector<Sample> Play();

 private:
  void Configure();
  void CallAgents();

  bool Step();
  void Schedule(Act act, std::int64_t time_us, std::size_t index, std::uint64_t turn = 0);
  void Perform(const Action& action);
  void PerformForAgent(const Action& action);
  void PerformForCustomer(const Action& action);
  void Arrive(std::size_t class_index);
  void ScheduleArrival(std::size_t class_index);
  void SetPresence(std::size_t agent, Presence presence);
  engine::Outcome Do(engine::Body body);
  std::size_t NewSlot();
  void FreeSlot(std::size_t slot);

  void Hear();
  void HearAbout(const engine::InquirySubmitted& it);
  void HearAbout(const engine::OfferCreated& it);
  void HearAbout(const engine::InquiryAssigned& it);
  void HearAbout(const engine::InquiryEnqueued& it);
  template <class Other>
  void HearAbout(const Other&) {}
  void Look(AgentIx agent);
  Customer& CustomerOf(engine::InquiryIx ix) { return customers_[At(slot_of_, ix.value)]; }

  const Model& model_;
  engine::Engine engine_{"simulation"};
  Ledger ledger_;
  std::unique_ptr<Occupancy> occupancy_;
  std::vector<std::size_t> queue_of_class_;
  std::vector<Source> sources_;      // by class
  std::vector<GivenCustomer> next_;  // by class
  Stream answer_delays_;
  std::priority_queue<Action, std::vector<Action>, std::greater<>> actions_;
  std::size_t coming_ = 0;         // classes of which somebody will come
  std::int64_t progress_us_ = 0;   // when somebody last came, was answered or left
  std::uint64_t turns_ = 0;
  std::vector<Customer> customers_;
  std::vector<std::size_t> free_slots_;
  std::vector<std::size_t> slot_of_;  // by InquiryIx
  std::size_t submitting_ = 0;        // slot of the customer who is just coming
  std::vector<AgentIx> agents_;       // as in the model
  std::vector<std::size_t> agent_of_;  // index in the model, by AgentIx
};

// ---- Setting up ---------------------------------------------------------------------------------

Run::Impl::Impl(const Model& model, const RunOptions& options)
    : model_(model),
      ledger_(model.config, options),
      answer_delays_({options.seed, options.replication, kAnswerDelays}) {
  Configure();
  CallAgents();
  Hear();
  for (std::size_t i = 0; i < model.classes.size(); ++i) {
    sources_.emplace_back(model.classes[i], options.seed, options.replication, i);
    next_.emplace_back();
    ScheduleArrival(i);
  }
}

void Run::Impl::Configure() {
  engine::ApplyConfig apply{.config = model_.config, .agents = model_.agents};
  apply.config.settings.closed_max = kClosedKept;
  if (const engine::Outcome outcome = Do(std::move(apply)); !outcome.ok()) {
    throw cli::Failure(cli::ExitCode::kInvalid,
                       absl::StrCat("the engine refused the workspace: ", outcome.subject));
  }
  std::vector<engine::QueueIx> queues;
  std::vector<std::string> ids;
  for (const engine::QueueConfig& queue : model_.config.queues) {
    queues.push_back(engine_.FindQueue(queue.id));
    ids.push_back(queue.id);
  }
  for (const CustomerClass& it : model_.classes) {
    const auto found = std::find(ids.begin(), ids.end(), it.queue);
    queue_of_class_.push_back(static_cast<std::size_t>(found - ids.begin()));
  }
  occupancy_ = std::make_unique<Occupancy>(engine_, queues);
}

void Run::Impl::CallAgents() {
  for (std::size_t i = 0; i < model_.agents.size(); ++i) {
    const AgentIx ix = engine_.FindAgent(model_.agents[i].id);
    agents_.push_back(ix);
    At(agent_of_, ix.value) = i;
    bool has_shift = false;
    for (const Shift& shift : model_.shifts) {
      if (shift.agent != model_.agents[i].id) continue;
      has_shift = true;
      Schedule(Act::kComeOn, ToUs(shift.from_s), i);
      Schedule(Act::kDrain, ToUs(shift.until_s), i);
    }
    if (!has_shift) SetPresence(i, Presence::kAvailable);
  }
}

// ---- Acting -------------------------------------------------------------------------------------

std::vector<Sample> Run::Impl::Play() {
  while (!(ledger_.full() && ledger_.undecided() == 0) && Step()) {
  }
  for (const Customer& customer : customers_) {
    if (customer.visit != 0 && customer.waiting) ledger_.Forget(customer.entry);
  }
  return ledger_.Close(*occupancy_);
}

// Does what comes next: a timer of the engine, or somebody acts, who is first at the same time.
// False when nothing comes any more.
bool Run::Impl::Step() {
  const Time timer = engine_.NextDeadline();
  const std::int64_t timer_us = timer == engine::kNever ? kFarUs : timer.us - kOriginUs;
  const std::int64_t act_us = actions_.empty() ? kFarUs : actions_.top().time_us;
  // Agents who miss every offer would go on for ever.
  const bool nobody_comes = coming_ == 0 || ledger_.full();
  if (nobody_comes && std::min(timer_us, act_us) > progress_us_ + kLingerUs) return false;
  if (timer_us < act_us) {
    ledger_.MoveTo(timer_us, *occupancy_);
    engine_.Tick(timer);
    Hear();
    return true;
  }
  if (act_us >= kFarUs) return false;
  const Action action = actions_.top();
  actions_.pop();
  ledger_.MoveTo(action.time_us, *occupancy_);
  Perform(action);
  return true;
}

void Run::Impl::Schedule(Act act, std::int64_t time_us, std::size_t index, std::uint64_t turn) {
  actions_.push({time_us, act, index, turn});
}

void Run::Impl::Perform(const Action& action) {
  if (action.act == Act::kArrive) return Arrive(action.index);
  if (action.act > Act::kAccept) return PerformForAgent(action);
  PerformForCustomer(action);
}

void Run::Impl::PerformForAgent(const Action& action) {
  const Presence present = engine_.agent(agents_[action.index]).presence;
  if (action.act == Act::kComeOn) return SetPresence(action.index, Presence::kAvailable);
  if (action.act == Act::kDrain) return SetPresence(action.index, Presence::kDraining);
  if (present == Presence::kDraining) SetPresence(action.index, Presence::kOffline);
}

void Run::Impl::PerformForCustomer(const Action& action) {
  Customer& customer = customers_[action.index];
  const bool leaves = action.act == Act::kLeave;
  if (action.turn != (leaves ? customer.visit : customer.turn)) return;
  if (leaves && !customer.waiting) return;
  const std::string id = customer.id;
  const std::string agent = leaves ? "" : engine_.AgentId(customer.agent);
  switch (action.act) {
    case Act::kAccept:
      Do(engine::Accept{id, customer.offer, agent});
      return;
    case Act::kReply:
      Do(engine::RecordMessage{id, "reply", engine::Author::kAgent, agent});
      return;
    case Act::kLeave:
      progress_us_ = ledger_.now_us();
      ledger_.Leave(customer.entry, ledger_.now_us() - customer.arrive_us);
      FreeSlot(action.index);
      Do(engine::Cancel{id, engine::CancelReason::kAbandoned});
      return;
    default:
      FreeSlot(action.index);
      Do(engine::Close{.inquiry_id = id, .agent_id = agent});
  }
}

void Run::Impl::ScheduleArrival(std::size_t class_index) {
  GivenCustomer& next = next_[class_index] = sources_[class_index].Next();
  if (next.arrival_s == kEndless) return;
  ++coming_;
  Schedule(Act::kArrive, ToUs(next.arrival_s), class_index);
}

void Run::Impl::Arrive(std::size_t class_index) {
  --coming_;
  if (ledger_.full()) return;
  progress_us_ = ledger_.now_us();
  const GivenCustomer given = next_[class_index];
  ScheduleArrival(class_index);
  const CustomerClass& of = model_.classes[class_index];
  submitting_ = NewSlot();
  Customer& customer = customers_[submitting_];
  customer.entry = ledger_.Come(queue_of_class_[class_index]);
  customer.messaging = of.messaging;
  customer.waiting = true;
  customer.arrive_us = ledger_.now_us();
  customer.service_us = ToUs(given.service_s);
  customer.visit = ++turns_;
  customer.id = absl::StrCat("c", customer.visit);
  const std::int64_t leave_us = ledger_.now_us() + ToUs(given.patience_s);
  if (leave_us < kFarUs) Schedule(Act::kLeave, leave_us, submitting_, customer.visit);
  const engine::Outcome outcome = Do(engine::Submit{.inquiry_id = customer.id,
                                                    .channel = of.channel,
                                                    .queue = of.queue,
                                                    .requirement = of.requirement,
                                                    .priority = of.priority});
  if (outcome.ok()) return;
  if (outcome.rejection != engine::Rejection::kQueueFull) {
    throw cli::Failure(cli::ExitCode::kInvalid,
                       absl::StrCat("the engine refused a customer of class ", class_index, ": ",
                                    std::string(engine::ToString(outcome.rejection)), " ",
                                    outcome.subject));
  }
  ledger_.Block(customers_[submitting_].entry);
  FreeSlot(submitting_);
}

void Run::Impl::SetPresence(std::size_t agent, Presence presence) {
  Do(engine::SetPresence{.agent_id = model_.agents[agent].id, .presence = presence});
  Look(agents_[agent]);
}

// What is refused at the same moment as something else happens has no effect, as in reality.
engine::Outcome Run::Impl::Do(engine::Body body) {
  const engine::Outcome outcome =
      engine_.Apply(Time{kOriginUs + ledger_.now_us()}, {std::move(body), "", {}});
  if (occupancy_ != nullptr) Hear();
  return outcome;
}

std::size_t Run::Impl::NewSlot() {
  if (free_slots_.empty()) {
    customers_.emplace_back();
    return customers_.size() - 1;
  }
  const std::size_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Run::Impl::FreeSlot(std::size_t slot) {
  customers_[slot] = Customer{};
  free_slots_.push_back(slot);
}

// ---- Hearing ------------------------------------------------------------------------------------

// Nothing is done at once: whoever reacts acts in the same moment, after this command.
void Run::Impl::Hear() {
  for (const engine::Event& event : engine_.events()) {
    std::visit(
        [this](const auto& it) {
          HearAbout(it);
          if constexpr (requires { it.agent; }) Look(it.agent);
        },
        event.body);
  }
  engine_.ClearEvents();
  engine_.TakeChanges();
}

void Run::Impl::HearAbout(const engine::InquirySubmitted& it) {
  At(slot_of_, it.inquiry.value) = submitting_;
}

// Of several agents who are asked the first one answers.
void Run::Impl::HearAbout(const engine::OfferCreated& it) {
  if (engine_.inquiry(it.inquiry).offer_agent != it.agent) return;
  Customer& customer = CustomerOf(it.inquiry);
  customer.turn = ++turns_;
  customer.offer = it.number;
  customer.agent = it.agent;
  const std::size_t slot = slot_of_[it.inquiry.value];
  const std::int64_t delay_us = ToUs(Draw(model_.answer_delay, answer_delays_));
  Schedule(Act::kAccept, ledger_.now_us() + delay_us, slot, customer.turn);
}

void Run::Impl::HearAbout(const engine::InquiryAssigned& it) {
  Customer& customer = CustomerOf(it.inquiry);
  if (customer.waiting) {
    progress_us_ = ledger_.now_us();
    ledger_.Answer(customer.entry, ledger_.now_us() - customer.arrive_us);
  }
  customer.waiting = false;
  customer.turn = ++turns_;
  customer.agent = it.agent;
  const std::size_t slot = slot_of_[it.inquiry.value];
  if (customer.messaging) Schedule(Act::kReply, ledger_.now_us(), slot, customer.turn);
  Schedule(Act::kEnd, ledger_.now_us() + customer.service_us, slot, customer.turn);
}

// Back in a queue, so that what its agent was about to do is void.
void Run::Impl::HearAbout(const engine::InquiryEnqueued& it) {
  if (it.cause != engine::EnqueueCause::kSubmitted) CustomerOf(it.inquiry).turn = ++turns_;
}

void Run::Impl::Look(AgentIx agent) {
  if (!agent.IsSet() || occupancy_ == nullptr) return;
  occupancy_->Refresh(engine_, agent);
  const engine::Agent& now = engine_.agent(agent);
  if (now.presence == Presence::kDraining && now.used == 0) {
    Schedule(Act::kGoOff, ledger_.now_us(), At(agent_of_, agent.value));
  }
}

Run::Run(const Model& model, const RunOptions& options)
    : impl_(std::make_unique<Impl>(model, options)) {}
Run::~Run() = default;
std::vector<Sample> Run::Play() { return impl_->Play(); }

}  // namespace firstline::simulate
