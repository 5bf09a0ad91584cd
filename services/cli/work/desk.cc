#include "services/cli/work/desk.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

using google::protobuf::util::TimeUtil;
using Kind = v1::AgentWork::Kind;

// How long what a call did may take to be heard of; then the next line is done all the same.
constexpr std::chrono::seconds kSettleMax(5);

// Messages of two sessions about one inquiry must not be taken for repeats of one another.
std::string NewPrefix() {
  std::random_device random;
  return absl::StrFormat("work-%08x", random());
}

std::int64_t SteadyUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// "chat-1 (billing, chat)"
std::string Named(const v1::AgentWork& work) {
  return absl::StrCat(work.inquiry_id(), " (", work.queue(), ", ", work.channel(), ")");
}

void RefuseMore(const std::vector<std::string>& words) {
  if (words.empty()) return;
  throw Failure(ExitCode::kUsage, absl::StrCat("'", words.front(), "' is not understood here"),
                "`help` shows what can be said");
}

}  // namespace

const char kDeskCommands[] =
    "  accept [ID]             take an offer\n"
    "  decline [ID] [SECONDS]  refuse an offer, for so long or for good\n"
    "  reply [ID] [TEXT]       say that you wrote to the customer; the text goes nowhere\n"
    "  close [ID] [HOW]        end a conversation: resolved (if left out), unresolved, spam, ...\n"
    "  finish [ID]             end the wrap-up before its time\n"
    "  park [ID], resume [ID]  put a conversation aside while its customer is silent, take it "
    "back\n"
    "  transfer [ID] QUEUE     send a conversation on\n"
    "  break [REASON], back    take nothing for a while, and take offers again\n"
    "  drain                   take nothing new\n"
    "  list                    show what you hold\n"
    "  wait offer|work|idle|SECONDS  do nothing until then; for scripts\n"
    "  quit                    log off\n"
    "ID is an inquiry's; left out, the oldest is meant. First letters do: a, d, r, c, f, t, b, l, "
    "q.";

const std::vector<Desk::Command>& Desk::Commands() {
  static const std::vector<Command> commands = {
      {"accept", "a", &Desk::Accept}, {"decline", "d", &Desk::Decline},
      {"reply", "r", &Desk::Reply},   {"close", "c", &Desk::Close},
      {"finish", "f", &Desk::Finish}, {"park", "", &Desk::Park},
      {"resume", "", &Desk::Resume},  {"transfer", "t", &Desk::Transfer},
      {"break", "b", &Desk::Break},   {"back", "", &Desk::Back},
      {"drain", "", &Desk::Drain},    {"list", "l", &Desk::List},
      {"wait", "", &Desk::Wait},      {"help", "?", &Desk::Help},
      {"quit", "q", &Desk::Quit},
  };
  return commands;
}

Desk::Desk(Context& context, std::string agent_id, SetPresence set_presence)
    : context_(context),
      agent_id_(std::move(agent_id)),
      set_presence_(std::move(set_presence)),
      message_prefix_(NewPrefix()) {}

// ---- What the router says -----------------------------------------------------------------------

void Desk::Take(const client::WorkChange& change) {
  const v1::AgentWork& work = change.work;
  const bool ended = change.kind == client::WorkChange::Kind::kEnded;
  if (ended) {
    // Wrap-up replaces its conversation here; the end of that conversation comes after or before.
    const auto held = items_.find(work.inquiry_id());
    const auto is_wrap_up = [](const v1::AgentWork& it) {
      return it.kind() == v1::AgentWork::KIND_WRAP_UP;
    };
    if (held != items_.end() && is_wrap_up(held->second.work) == is_wrap_up(work)) {
      items_.erase(held);
    }
  } else {
    Item& item = items_[work.inquiry_id()];
    if (item.turn == 0) item.turn = ++turns_;
    item.work = work;
  }
  if (!ended && work.has_expire_time()) ReadClock();
  if (context_.format != Format::kTable) {
    context_.out << absl::StrFormat("{\"change\":\"%s\",\"work\":", ended ? "ended" : "held")
                 << ToJson(work, false) << "}\n";
    return;
  }
  switch (change.kind) {
    case client::WorkChange::Kind::kOffered:
      return Tell(absl::StrCat("offer of ", Named(work), TimeLeft(work), ": accept or decline"),
                  Colour::kYellow);
    case client::WorkChange::Kind::kAssigned:
      return Tell(absl::StrCat("you have ", Named(work)), Colour::kGreen);
    case client::WorkChange::Kind::kParked:
      return Tell(absl::StrCat("parked ", Named(work)));
    case client::WorkChange::Kind::kWrapUp:
      return Tell(
          absl::StrCat("wrap-up of ", work.inquiry_id(), TimeLeft(work), ": finish ends it"));
    case client::WorkChange::Kind::kEnded:
      break;
  }
  const char* what = work.kind() == v1::AgentWork::KIND_OFFER     ? "no longer offered: "
                     : work.kind() == v1::AgentWork::KIND_WRAP_UP ? "wrap-up is over: "
                                                                  : "no longer yours: ";
  Tell(absl::StrCat(what, work.inquiry_id()));
}

void Desk::TakePresence(v1::Presence presence, const std::string& reason) {
  if (presence == presence_ && reason == reason_) return;
  presence_ = presence;
  reason_ = reason;
  const std::string name = ShortName(*v1::Presence_descriptor(), presence);
  if (context_.format != Format::kTable) {
    context_.out << absl::StrFormat("{\"change\":\"presence\",\"presence\":\"%s\"}\n", name);
    return;
  }
  Tell(absl::StrCat("you are ", name, reason.empty() ? "" : ": ", reason), Colour::kDim);
}

void Desk::Tell(const std::string& text, Colour colour) {
  context_.out << (context_.coloured ? Painted(text, colour) : text) << "\n";
}

void Desk::ReadClock() {
  v1::GetTimeRequest request;
  request.set_workspace(context_.Workspace());
  const auto answer = context_.client().GetTime(request, {.deadline = std::chrono::seconds(1)});
  if (!answer.ok()) return;
  clock_offset_us_ = TimeUtil::TimestampToMicroseconds(answer->time()) - SteadyUs();
}

std::string Desk::TimeLeft(const v1::AgentWork& work) const {
  if (!work.has_expire_time() || !clock_offset_us_) return "";
  const std::int64_t left_us =
      TimeUtil::TimestampToMicroseconds(work.expire_time()) - (SteadyUs() + *clock_offset_us_);
  return absl::StrCat(" ", std::max<std::int64_t>(left_us + 500'000, 0) / 1'000'000, "s left");
}

std::string Desk::Prompt() const {
  std::vector<std::string> parts = {absl::StrCat(
      agent_id_, " ", absl::AsciiStrToLower(ShortName(*v1::Presence_descriptor(), presence_)))};
  for (const auto& [id, item] : items_) {
    const char* kind = item.work.kind() == v1::AgentWork::KIND_OFFER     ? "offer "
                       : item.work.kind() == v1::AgentWork::KIND_WRAP_UP ? "wrap-up "
                       : item.work.kind() == v1::AgentWork::KIND_PARKED  ? "parked "
                                                                         : "has ";
    parts.push_back(absl::StrCat(kind, id, TimeLeft(item.work)));
  }
  return absl::StrCat(absl::StrJoin(parts, ", "), " > ");
}

std::vector<std::string> Desk::Held() const {
  std::vector<std::string> ids;
  for (const auto& [id, item] : items_) {
    const Kind kind = item.work.kind();
    const bool parked = kind == v1::AgentWork::KIND_PARKED;
    if (parked || kind == v1::AgentWork::KIND_ASSIGNMENT) ids.push_back(id);
  }
  return ids;
}

// ---- What the person says -----------------------------------------------------------------------

void Desk::Do(const std::string& line) {
  Words words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty()) return;
  const std::string said = words.front();
  words.erase(words.begin());
  Words known;
  for (const Command& command : Commands()) {
    if (said == command.name || said == command.brief) return (this->*command.run)(words);
    known.push_back(command.name);
  }
  ThrowUnknownWord("command", said, known);
}

bool Desk::Has(const std::vector<Kind>& kinds) const {
  return std::any_of(items_.begin(), items_.end(), [&kinds](const auto& entry) {
    return std::find(kinds.begin(), kinds.end(), entry.second.work.kind()) != kinds.end();
  });
}

v1::AgentWork Desk::Pick(Words& words, const std::vector<Kind>& kinds, const std::string& what) {
  const auto fits = [&kinds](const Item& item) {
    return std::find(kinds.begin(), kinds.end(), item.work.kind()) != kinds.end();
  };
  if (!words.empty()) {
    const auto named = items_.find(words.front());
    if (named != items_.end()) {
      if (!fits(named->second)) {
        throw Failure(ExitCode::kRefused, absl::StrCat(words.front(), " is not ", what));
      }
      words.erase(words.begin());
      return named->second.work;
    }
  }
  const Item* oldest = nullptr;
  for (const auto& [id, item] : items_) {
    if (fits(item) && (oldest == nullptr || item.turn < oldest->turn)) oldest = &item;
  }
  if (oldest == nullptr) throw Failure(ExitCode::kRefused, absl::StrCat("nothing is ", what));
  return oldest->work;
}

void Desk::Settle(const v1::AgentWork& work) {
  settling_ = work;
  settle_until_ = std::chrono::steady_clock::now() + kSettleMax;
}

bool Desk::IsSettling() const {
  if (std::chrono::steady_clock::now() >= settle_until_) return false;
  const auto item = items_.find(settling_.inquiry_id());
  return item != items_.end() && item->second.work.kind() == settling_.kind();
}

void Desk::Accept(Words& words) {
  const v1::AgentWork offer = Pick(words, {v1::AgentWork::KIND_OFFER}, "offered to you");
  RefuseMore(words);
  v1::AcceptOfferRequest request;
  request.set_workspace(context_.Workspace());
  request.set_agent_id(agent_id_);
  request.set_offer_id(offer.offer_id());
  Unwrap(context_.client().AcceptOffer(request));
  Settle(offer);
}

void Desk::Decline(Words& words) {
  const v1::AgentWork offer = Pick(words, {v1::AgentWork::KIND_OFFER}, "offered to you");
  v1::DeclineOfferRequest request;
  double seconds = 0;
  if (!words.empty() && absl::SimpleAtod(words.front(), &seconds) && seconds > 0) {
    *request.mutable_retry_after() =
        TimeUtil::MicrosecondsToDuration(static_cast<std::int64_t>(seconds * 1e6));
    words.erase(words.begin());
  }
  RefuseMore(words);
  request.set_workspace(context_.Workspace());
  request.set_agent_id(agent_id_);
  request.set_offer_id(offer.offer_id());
  Unwrap(context_.client().DeclineOffer(request));
  Settle(offer);
}

void Desk::Reply(Words& words) {
  const v1::AgentWork work = Pick(words, {v1::AgentWork::KIND_ASSIGNMENT}, "yours to reply to");
  v1::RecordMessageRequest request;
  request.set_workspace(context_.Workspace());
  request.set_inquiry_id(work.inquiry_id());
  request.set_message_id(absl::StrCat(message_prefix_, "-", ++messages_));
  request.set_author(v1::AUTHOR_AGENT);
  request.set_agent_id(agent_id_);
  Unwrap(context_.client().RecordMessage(request));
  if (context_.format == Format::kTable) Tell(absl::StrCat("replied to ", work.inquiry_id()));
}

void Desk::Close(Words& words) {
  const v1::AgentWork work =
      Pick(words, {v1::AgentWork::KIND_ASSIGNMENT, v1::AgentWork::KIND_PARKED}, "yours to close");
  v1::CloseInquiryRequest request;
  request.set_resolution(v1::RESOLUTION_RESOLVED);
  if (!words.empty()) {
    request.set_resolution(static_cast<v1::Resolution>(
        ParseEnum(*v1::Resolution_descriptor(), "resolution", words.front())));
    words.erase(words.begin());
  }
  RefuseMore(words);
  request.set_workspace(context_.Workspace());
  request.set_inquiry_id(work.inquiry_id());
  request.set_agent_id(agent_id_);
  Unwrap(context_.client().CloseInquiry(request));
  Settle(work);
  last_closed_ = work.inquiry_id();
}

void Desk::Finish(Words& words) {
  // Right after a close the stream may not have told of the wrap-up yet.
  std::string id = last_closed_;
  if (Has({v1::AgentWork::KIND_WRAP_UP}) || id.empty()) {
    id = Pick(words, {v1::AgentWork::KIND_WRAP_UP}, "in wrap-up").inquiry_id();
  }
  RefuseMore(words);
  v1::FinishWrapUpRequest request;
  request.set_workspace(context_.Workspace());
  request.set_agent_id(agent_id_);
  request.set_inquiry_id(id);
  Unwrap(context_.client().FinishWrapUp(request));
  last_closed_.clear();
}

void Desk::Park(Words& words) {
  const v1::AgentWork work = Pick(words, {v1::AgentWork::KIND_ASSIGNMENT}, "yours to park");
  RefuseMore(words);
  v1::ParkInquiryRequest request;
  request.set_workspace(context_.Workspace());
  request.set_inquiry_id(work.inquiry_id());
  request.set_agent_id(agent_id_);
  Unwrap(context_.client().ParkInquiry(request));
  Settle(work);
}

void Desk::Resume(Words& words) {
  const v1::AgentWork work = Pick(words, {v1::AgentWork::KIND_PARKED}, "parked");
  RefuseMore(words);
  v1::ResumeInquiryRequest request;
  request.set_workspace(context_.Workspace());
  request.set_inquiry_id(work.inquiry_id());
  request.set_agent_id(agent_id_);
  Unwrap(context_.client().ResumeInquiry(request));
  Settle(work);
}

void Desk::Transfer(Words& words) {
  const v1::AgentWork work = Pick(
      words, {v1::AgentWork::KIND_ASSIGNMENT, v1::AgentWork::KIND_PARKED}, "yours to transfer");
  if (words.empty()) {
    throw Failure(ExitCode::kUsage, "to which queue?", "transfer [ID] QUEUE");
  }
  v1::TransferInquiryRequest request;
  request.set_queue(words.front());
  words.erase(words.begin());
  RefuseMore(words);
  request.set_workspace(context_.Workspace());
  request.set_inquiry_id(work.inquiry_id());
  request.set_agent_id(agent_id_);
  Unwrap(context_.client().TransferInquiry(request));
  Settle(work);
}

void Desk::Break(Words& words) {
  const std::string reason = absl::StrJoin(words, " ");
  set_presence_(v1::PRESENCE_AWAY, reason);
}

void Desk::Back(Words& words) {
  RefuseMore(words);
  set_presence_(v1::PRESENCE_AVAILABLE, "");
}

void Desk::Drain(Words& words) {
  RefuseMore(words);
  set_presence_(v1::PRESENCE_DRAINING, "");
}

void Desk::List(Words& words) {
  RefuseMore(words);
  if (items_.empty()) return Tell("you hold nothing");
  Table table({"inquiry", "held as", "queue", "channel", "units", "time"});
  for (const auto& [id, item] : items_) {
    table.Add(
        {id, absl::AsciiStrToLower(ShortName(*v1::AgentWork::Kind_descriptor(), item.work.kind())),
         item.work.queue(), item.work.channel(), absl::StrCat(item.work.units()),
         TimeLeft(item.work)});
  }
  table.Print(context_.out, context_.coloured);
}

void Desk::Wait(Words& words) {
  const std::string what = words.empty() ? "offer" : words.front();
  double seconds = 0;
  if (absl::SimpleAtod(what, &seconds) && seconds >= 0) {
    wait_until_ =
        std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                               std::chrono::duration<double>(seconds));
    return;
  }
  const Words known = {"offer", "work", "idle"};
  if (std::find(known.begin(), known.end(), what) == known.end()) {
    ThrowUnknownWord("thing to wait for", what, known);
  }
  wait_for_ = what;
}

std::optional<std::chrono::nanoseconds> Desk::WaitLeft() const {
  const auto now = std::chrono::steady_clock::now();
  if (IsSettling()) return settle_until_ - now;
  if (!wait_until_) return std::nullopt;
  return *wait_until_ - now;
}

bool Desk::IsWaiting() {
  if (IsSettling()) return true;
  if (wait_until_ && WaitLeft()->count() > 0) return true;
  wait_until_.reset();
  const bool come = wait_for_.empty() ||
                    (wait_for_ == "offer" && Has({v1::AgentWork::KIND_OFFER})) ||
                    (wait_for_ == "work" && Has({v1::AgentWork::KIND_ASSIGNMENT})) ||
                    (wait_for_ == "idle" && items_.empty());
  if (come) wait_for_.clear();
  return !come;
}

void Desk::Help(Words&) { Tell(kDeskCommands); }

void Desk::Quit(Words& words) {
  RefuseMore(words);
  leaving_ = true;
}

}  // namespace firstline::cli
