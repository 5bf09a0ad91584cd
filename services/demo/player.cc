#include "services/demo/player.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::demo {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Commands = std::vector<v1::Command>;

// How people of the demo behave, whatever the queue.
constexpr double kMissesOffer = 0.015;
constexpr double kDeclinesOffer = 0.02;
constexpr double kClosesUnread = 0.01;
constexpr double kFinishesWrapUpEarly = 0.4;
constexpr double kGivesFeedback = 0.3;
constexpr milliseconds kAcceptMedian = seconds(4);
constexpr milliseconds kFirstReplyMedian = seconds(18);
constexpr milliseconds kReplyMedian = seconds(35);
constexpr milliseconds kCustomerMedian = seconds(40);
constexpr milliseconds kSilenceMean = minutes(9);

bool IsVoice(const std::string& channel) { return channel == "voice"; }

}  // namespace

Player::Player(PlayerOptions options, const std::vector<Shift>& shifts)
    : options_(std::move(options)) {
  for (const Shift& shift : shifts) PlanShift(shift);
}

void Player::Add(const std::vector<Arrival>& arrivals) {
  arrivals_left_ += arrivals.size();
  for (const Arrival& arrival : arrivals) {
    Plan(arrival.at, [this, arrival](Commands& commands, Offset) {
      --arrivals_left_;
      Submit(arrival, commands);
    });
  }
}

Commands Player::Due(Offset now) {
  Commands commands;
  while (!plan_.empty() && plan_.top().at <= now) {
    const Action action = plan_.top().action;
    plan_.pop();
    action(commands, now);
  }
  return commands;
}

void Player::Plan(Offset at, Action action) { plan_.push({at, ++sequence_, std::move(action)}); }

void Player::PlanTurn(Offset at, const std::string& inquiry_id, int turn,
                      std::function<void(Inquiry&, Commands&, Offset)> action) {
  Plan(at, [this, inquiry_id, turn, act = std::move(action)](Commands& commands, Offset now) {
    const auto inquiry = inquiries_.find(inquiry_id);
    if (inquiry == inquiries_.end() || inquiry->second.turn != turn) return;
    act(inquiry->second, commands, now);
  });
}

// ---- Agents' days -------------------------------------------------------------------------------

void Player::PlanShift(const Shift& shift) {
  const std::string& id = shift.agent_id;
  const auto be = [this, id](v1::Presence presence, const char* reason) {
    return [this, id, presence, reason](Commands& commands, Offset) {
      SetPresence(id, presence, reason, commands);
    };
  };
  Plan(shift.on, be(v1::PRESENCE_AVAILABLE, ""));
  // Nobody leaves a customer for lunch: draining lets the agent finish first.
  Plan(shift.lunch - minutes(5), be(v1::PRESENCE_DRAINING, ""));
  Plan(shift.lunch, be(v1::PRESENCE_AWAY, "lunch"));
  Plan(shift.back, be(v1::PRESENCE_AVAILABLE, ""));
  Plan(shift.off, [this, id](Commands& commands, Offset) {
    SetPresence(id, v1::PRESENCE_DRAINING, "", commands);
    leaving_.insert(id);
    LeaveIfDone(id, commands);
  });
}

void Player::SetPresence(const std::string& agent_id, v1::Presence presence,
                         const std::string& reason, Commands& commands) {
  auto& request = *commands.emplace_back().mutable_set_presence();
  request.set_workspace(options_.workspace);
  request.set_agent_id(agent_id);
  request.set_presence(presence);
  request.set_reason(reason);
}

void Player::LeaveIfDone(const std::string& agent_id, Commands& commands) {
  if (!leaving_.contains(agent_id) || !held_[agent_id].empty()) return;
  leaving_.erase(agent_id);
  SetPresence(agent_id, v1::PRESENCE_OFFLINE, "", commands);
}

// ---- Customers ----------------------------------------------------------------------------------

void Player::Submit(const Arrival& arrival, Commands& commands) {
  const Habit& habit = Habits()[arrival.habit];
  ++tally_.submitted;
  inquiries_[arrival.id] = {.queue = habit.queue, .channel = habit.channel};
  auto& request = *commands.emplace_back().mutable_submit_inquiry();
  request.set_workspace(options_.workspace);
  auto& spec = *request.mutable_inquiry();
  spec.set_id(arrival.id);
  spec.set_channel(habit.channel);
  spec.set_queue(habit.queue);
  spec.set_priority(arrival.priority);
  spec.set_customer(absl::StrCat("customer-", arrival.id));
  (*spec.mutable_attributes())["product"] = arrival.priority > 2 ? "business" : "home";
  Plan(arrival.at + arrival.patience, [this, id = arrival.id](Commands& due, Offset) {
    const auto inquiry = inquiries_.find(id);
    if (inquiry == inquiries_.end() || inquiry->second.assigned || inquiry->second.replied) return;
    auto& cancel = *due.emplace_back().mutable_cancel_inquiry();
    cancel.set_workspace(options_.workspace);
    cancel.set_inquiry_id(id);
    cancel.set_reason(v1::CANCEL_REASON_ABANDONED);
  });
}

// ---- Offers -------------------------------------------------------------------------------------

void Player::Take(const v1::Event& event, Offset now) {
  switch (event.kind_case()) {
    case v1::Event::kInquirySubmitted: {
      // Also those that somebody else submits.
      const auto& spec = event.inquiry_submitted().inquiry().spec();
      inquiries_.try_emplace(spec.id(), Inquiry{.queue = spec.queue(), .channel = spec.channel()});
      return;
    }
    case v1::Event::kOfferCreated:
      return OnOffer(event, now);
    case v1::Event::kOfferEnded:
      if (event.offer_ended().outcome() == v1::OFFER_OUTCOME_EXPIRED) ++tally_.missed_offers;
      return;
    case v1::Event::kInquiryAssigned:
      return OnAssigned(event, now);
    case v1::Event::kInquiryResumed:
      // Otherwise it waits again, which is told apart.
      if (event.inquiry_resumed().to_agent()) OnAssigned(event, now);
      return;
    case v1::Event::kInquiryEnqueued: {
      const auto inquiry = inquiries_.find(event.inquiry_id());
      if (inquiry == inquiries_.end()) return;
      Release(inquiry->second, event.inquiry_id());
      inquiry->second.queue = event.inquiry_enqueued().queue();
      return;
    }
    case v1::Event::kInquiryParked:
      ++tally_.parked;
      return;
    case v1::Event::kInquiryTransferred:
      ++tally_.transferred;
      return;
    case v1::Event::kInquiryClosed:
    case v1::Event::kInquiryCancelled:
      return OnEnded(event, now);
    case v1::Event::kWrapUpStarted:
      return OnWrapUp(event, now);
    default:
      return;
  }
}

void Player::OnOffer(const v1::Event& event, Offset now) {
  const auto inquiry = inquiries_.find(event.inquiry_id());
  if (inquiry == inquiries_.end()) return;
  const std::string offer_id = event.offer_created().offer_id();
  const std::string agent_id = event.agent_id();
  Dice dice = DiceFor(offer_id);
  if (dice.Chance(kMissesOffer)) return;  // Looking elsewhere: it runs out.
  const bool declines = dice.Chance(kDeclinesOffer);
  const Offset at = now + dice.LogNormal(kAcceptMedian, 0.5);
  const int turn = inquiry->second.turn;
  PlanTurn(at, event.inquiry_id(), turn,
           [this, offer_id, agent_id, declines](Inquiry&, Commands& commands, Offset) {
             if (declines) {
               auto& decline = *commands.emplace_back().mutable_decline_offer();
               decline.set_workspace(options_.workspace);
               decline.set_offer_id(offer_id);
               decline.set_agent_id(agent_id);
               decline.mutable_retry_after()->set_seconds(120);
               return;
             }
             auto& accept = *commands.emplace_back().mutable_accept_offer();
             accept.set_workspace(options_.workspace);
             accept.set_offer_id(offer_id);
             accept.set_agent_id(agent_id);
           });
}

// ---- Conversations ------------------------------------------------------------------------------

void Player::OnAssigned(const v1::Event& event, Offset now) {
  const auto found = inquiries_.find(event.inquiry_id());
  if (found == inquiries_.end()) return;
  Inquiry& inquiry = found->second;
  Release(inquiry, found->first);
  inquiry.agent_id = event.agent_id();
  inquiry.assigned = true;
  if (IsVoice(inquiry.channel)) inquiry.replied = true;
  held_[inquiry.agent_id].insert(found->first);
  if (event.has_inquiry_assigned()) {
    const Habit& habit = HabitOf(inquiry.queue);
    Dice dice = DiceFor(absl::StrCat(found->first, " length ", inquiry.turn));
    inquiry.end = now + dice.LogNormal(habit.handle_median, habit.handle_sigma);
  } else {
    inquiry.end = std::max(inquiry.end, now + minutes(1));
  }
  if (!IsVoice(inquiry.channel)) PlanReply(found->first, inquiry, now);
  PlanEnd(found->first, inquiry, now);
}

// How the turn ends: sent on, closed unread, or closed when all is said.
void Player::PlanEnd(const std::string& inquiry_id, Inquiry& inquiry, Offset now) {
  const Habit& habit = HabitOf(inquiry.queue);
  Dice dice = DiceFor(absl::StrCat(inquiry_id, " end ", inquiry.turn));
  const bool sent_on = !inquiry.transferred && dice.Chance(habit.transfers);
  const bool unread = !inquiry.replied && !IsVoice(inquiry.channel) && dice.Chance(kClosesUnread);
  if (sent_on && HabitOf(habit.transfer_to).channel == inquiry.channel) {
    PlanTurn(
        now + (inquiry.end - now) / 3, inquiry_id, inquiry.turn,
        [this, inquiry_id, to = habit.transfer_to](Inquiry& moved, Commands& commands, Offset) {
          moved.transferred = true;
          auto& transfer = *commands.emplace_back().mutable_transfer_inquiry();
          transfer.set_workspace(options_.workspace);
          transfer.set_inquiry_id(inquiry_id);
          transfer.set_queue(to);
        });
    return;
  }
  PlanTurn(unread ? now + seconds(5) : inquiry.end, inquiry_id, inquiry.turn,
           [this, inquiry_id, unread](Inquiry& ended, Commands& commands, Offset) {
             auto& close = *commands.emplace_back().mutable_close_inquiry();
             close.set_workspace(options_.workspace);
             close.set_inquiry_id(inquiry_id);
             close.set_agent_id(ended.agent_id);
             Dice coin = DiceFor(inquiry_id + " resolved");
             close.set_resolution(unread              ? v1::RESOLUTION_SPAM
                                  : coin.Chance(0.85) ? v1::RESOLUTION_RESOLVED
                                                      : v1::RESOLUTION_UNRESOLVED);
           });
}

void Player::PlanReply(const std::string& inquiry_id, const Inquiry& inquiry, Offset at) {
  Dice dice = DiceFor(absl::StrCat(inquiry_id, " reply ", inquiry.turn, " ", inquiry.messages));
  const milliseconds median = inquiry.replied ? kReplyMedian : kFirstReplyMedian;
  PlanTurn(at + dice.LogNormal(median, 0.7), inquiry_id, inquiry.turn,
           [this, inquiry_id](Inquiry& answered, Commands& commands, Offset now) {
             Say(inquiry_id, answered, v1::AUTHOR_AGENT, commands);
             const bool first = !std::exchange(answered.replied, true);
             Dice coin = DiceFor(inquiry_id + " parks");
             const bool silent = first && coin.Chance(HabitOf(answered.queue).parks);
             if (silent && !std::exchange(answered.parked_once, true)) {
               PlanSilence(inquiry_id, answered, now);
             } else {
               PlanCustomer(inquiry_id, answered, now);
             }
           });
}

void Player::PlanCustomer(const std::string& inquiry_id, const Inquiry& inquiry, Offset at) {
  Dice dice = DiceFor(absl::StrCat(inquiry_id, " asks ", inquiry.turn, " ", inquiry.messages));
  PlanTurn(at + dice.LogNormal(kCustomerMedian, 0.7), inquiry_id, inquiry.turn,
           [this, inquiry_id](Inquiry& asked, Commands& commands, Offset now) {
             Say(inquiry_id, asked, v1::AUTHOR_CUSTOMER, commands);
             PlanReply(inquiry_id, asked, now);
           });
}

// The customer has gone to look for something: the agent is free until the next message.
void Player::PlanSilence(const std::string& inquiry_id, const Inquiry& inquiry, Offset at) {
  Dice dice = DiceFor(inquiry_id + " silence");
  const Offset parks = at + seconds(60);
  const Offset returns = parks + seconds(30) + dice.Exponential(kSilenceMean);
  PlanTurn(parks, inquiry_id, inquiry.turn,
           [this, inquiry_id, returns](Inquiry& silent, Commands& commands, Offset) {
             auto& park = *commands.emplace_back().mutable_park_inquiry();
             park.set_workspace(options_.workspace);
             park.set_inquiry_id(inquiry_id);
             // A parked conversation ends after it was resumed, not in between.
             ++silent.turn;
             PlanTurn(returns, inquiry_id, silent.turn,
                      [this, inquiry_id](Inquiry& back, Commands& due, Offset) {
                        Say(inquiry_id, back, v1::AUTHOR_CUSTOMER, due);
                      });
           });
}

void Player::Say(const std::string& inquiry_id, Inquiry& inquiry, v1::Author author,
                 Commands& commands) {
  auto& message = *commands.emplace_back().mutable_record_message();
  message.set_workspace(options_.workspace);
  message.set_inquiry_id(inquiry_id);
  message.set_message_id(absl::StrCat("m", ++inquiry.messages));
  message.set_author(author);
  if (author == v1::AUTHOR_AGENT) message.set_agent_id(inquiry.agent_id);
}

void Player::Release(Inquiry& inquiry, const std::string& inquiry_id) {
  ++inquiry.turn;
  inquiry.assigned = false;
  if (inquiry.agent_id.empty()) return;
  held_[inquiry.agent_id].erase(inquiry_id);
  Plan(Offset(0),
       [this, id = inquiry.agent_id](Commands& commands, Offset) { LeaveIfDone(id, commands); });
  inquiry.agent_id.clear();
}

void Player::OnEnded(const v1::Event& event, Offset now) {
  const auto found = inquiries_.find(event.inquiry_id());
  if (found == inquiries_.end()) return;
  const bool replied = found->second.replied;
  Release(found->second, found->first);
  inquiries_.erase(found);
  if (event.has_inquiry_cancelled()) {
    ++tally_.abandoned;
    return;
  }
  ++tally_.closed;
  const std::string id = event.inquiry_id();
  Dice dice = DiceFor(id + " feedback");
  if (!replied || !dice.Chance(kGivesFeedback)) return;
  const int csat =
      dice.Chance(0.8) ? 4 + static_cast<int>(dice.Pick(2)) : 1 + static_cast<int>(dice.Pick(3));
  Plan(now + dice.Exponential(minutes(5)), [this, id, csat](Commands& commands, Offset) {
    ++tally_.feedback;
    auto& feedback = *commands.emplace_back().mutable_record_feedback();
    feedback.set_workspace(options_.workspace);
    feedback.set_inquiry_id(id);
    feedback.mutable_feedback()->set_csat(csat);
    feedback.mutable_feedback()->set_resolved(csat >= 3);
  });
}

void Player::OnWrapUp(const v1::Event& event, Offset now) {
  Dice dice = DiceFor(event.inquiry_id() + " wrap-up");
  if (!dice.Chance(kFinishesWrapUpEarly)) return;
  Plan(now + seconds(3) + dice.Exponential(seconds(6)),
       [this, inquiry_id = event.inquiry_id(), agent_id = event.agent_id()](Commands& commands,
                                                                            Offset) {
         auto& finish = *commands.emplace_back().mutable_finish_wrap_up();
         finish.set_workspace(options_.workspace);
         finish.set_agent_id(agent_id);
         finish.set_inquiry_id(inquiry_id);
       });
}

}  // namespace firstline::demo
