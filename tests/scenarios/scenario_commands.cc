#include "tests/scenarios/scenario_commands.h"

#include <algorithm>
#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/engine/engine_text.h"

namespace firstline::engine::scenarios {
namespace {

const auto kText = [](auto value) { return std::string(proof::Text(value)); };

template <class Entry>
Entry& FindOrAdd(std::vector<Entry>& entries, const std::string& id) {
  auto it =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.id == id; });
  if (it != entries.end()) return *it;
  entries.push_back({});
  entries.back().id = id;
  return entries.back();
}

void ReadChannel(ScenarioLine& line, ApplyConfig& config) {
  ChannelConfig channel{line.Arg(0), ChannelKind::kMessaging, line.GetInt("units", 1)};
  channel.exclusive = line.Flag("exclusive");
  channel.interrupted_by = ParseList(line.Get("interrupted_by"));
  if (line.Get("kind", "messaging") == "live") channel.kind = ChannelKind::kLive;
  FindOrAdd(config.config.channels, channel.id) = channel;
}

void ReadTeam(ScenarioLine& line, ApplyConfig& config) {
  FindOrAdd(config.config.teams, line.Arg(0)).vendor = line.Get("vendor");
}

// misses:duration:max:probation, the last optional
BackOffConfig ReadBackOff(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  return {ParseInt(parts.at(0)), ParseSpan(parts.at(1)), ParseSpan(parts.at(2)),
          parts.size() > 3 && parts[3] == "probation"};
}

void ReadQueueClocks(ScenarioLine& line, QueueConfig& queue) {
  queue.preferred_hold = line.GetSpan("hold");
  queue.first_response_target = line.GetSpan("target", queue.first_response_target);
  queue.answer_target = line.GetSpan("answer", queue.answer_target);
  queue.short_abandon = line.GetSpan("short", queue.short_abandon);
  queue.offer_timeout = line.GetSpan("offer", queue.offer_timeout);
  queue.wrap_up = line.GetSpan("wrap_up");
  queue.offer_to = line.GetInt("offer_to", 1);
  queue.wrap_up_queue_only = line.Flag("wrap_up_queue_only");
  if (line.Has("back_off")) queue.back_off = ReadBackOff(line.Get("back_off"));
  queue.ask_decliners_after = line.GetSpan("ask_decliners_after");
  queue.allow_claim = line.Flag("allow_claim");
  queue.wrap_up_extension_max = line.GetSpan("wrap_up_extension_max");
  queue.lost_agent = ParseEnum<LostAgent>(line.Get("lost_agent", "keep"), 3, kText);
  queue.lost_agent_after = line.GetSpan("lost_agent_after");
  queue.reopen_within = line.GetSpan("reopen_within");
  queue.reopen_keeps_age = line.Flag("reopen_keeps_age");
  queue.keep_place = line.GetSpan("keep_place");
  queue.last_agent_within = line.GetSpan("last_agent");
  queue.first_reply_warning = line.GetSpan("warn");
  queue.first_reply_timeout = line.GetSpan("reply_timeout");
}

void ReadScore(const SkillLevel& part, ScoreConfig& score) {
  const std::map<std::string, int*> parts = {
      {"skill_level", &score.skill_level}, {"language_level", &score.language_level},
      {"load", &score.load},               {"idle_time", &score.idle_time},
      {"handled", &score.handled},         {"tier", &score.tier}};
  if (parts.count(part.name) == 0) throw ScenarioError("the score has no part " + part.name);
  *parts.at(part.name) = part.level;
}

void ReadQueue(ScenarioLine& line, ApplyConfig& config) {
  QueueConfig queue;
  queue.id = line.Arg(0);
  queue.kind = line.Flag("bot") ? QueueKind::kBot : QueueKind::kHuman;
  queue.serving = ParseEnum<Serving>(line.Get("serving", "fifo"), 5, kText);
  queue.weight = line.GetInt("weight", 0);
  for (const std::string& pair : ParseList(line.Get("credits"))) {
    const std::vector<std::string> parts = absl::StrSplit(pair, ':');
    queue.credits[ParseInt(parts.at(0))] = ParseSpan(parts.at(1));
  }
  if (line.Has("selection")) {
    queue.selection.clear();
    for (const std::string& name : ParseList(line.Get("selection"))) {
      queue.selection.push_back(ParseEnum<Criterion>(name, 13, kText));
    }
  }
  for (const SkillLevel& part : ParseLevels(line.Get("score"))) ReadScore(part, queue.score);
  queue.requirement = line.GetRequirement();
  queue.first_tier = line.GetInt("first_tier", 0);
  queue.max_length = static_cast<uint32_t>(line.GetInt("max_length", 0));
  queue.auto_accept = line.Flag("auto_accept");
  queue.suspended = line.Flag("suspended");
  queue.refuse_if_nobody = line.Flag("refuse_if_nobody");
  queue.max_overtakes = line.GetInt("max_overtakes", 0);
  queue.max_expected_wait = line.GetSpan("max_expected_wait");
  if (line.Get("quantile", "p50") == "p90") queue.expected_wait_quantile = WaitQuantile::kP90;
  ReadQueueClocks(line, queue);
  FindOrAdd(config.config.queues, queue.id) = queue;
}

// Of "waiting>5,available<2,logged_in<1,wait>5m,open:office,closed:office".
StepWhen ReadWhen(const std::string& text) {
  StepWhen when;
  const std::map<std::string, std::optional<int>*> bounds = {
      {"available<", &when.available_below}, {"available>", &when.available_above},
      {"logged_in<", &when.logged_in_below}, {"logged_in>", &when.logged_in_above},
      {"waiting<", &when.waiting_below},     {"waiting>", &when.waiting_above}};
  for (const std::string& part : ParseList(text)) {
    const size_t at = part.find_first_of("<>:");
    if (at == std::string::npos) throw ScenarioError("no condition: " + part);
    const std::string name = part.substr(0, at + 1), value = part.substr(at + 1);
    if (name == "wait>") {
      when.expected_wait_above = ParseSpan(value);
    } else if (name == "wait<") {
      when.expected_wait_below = ParseSpan(value);
    } else if (name == "open:") {
      when.open = value;
    } else if (name == "closed:") {
      when.closed = value;
    } else if (bounds.count(name) != 0) {
      *bounds.at(name) = ParseInt(value);
    } else {
      throw ScenarioError("no condition: " + part);
    }
  }
  return when;
}

int ParseClock(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  return 60 * ParseInt(parts.at(0)) + ParseInt(parts.at(1));
}

// calendar office hours=31@09:00-17:00,32@10:00-12:00 offset=1h holidays=13
// Days are bits, Monday the lowest; holidays are days since 1970-01-01.
void ReadCalendar(ScenarioLine& line, ApplyConfig& config) {
  CalendarConfig& calendar = FindOrAdd(config.config.calendars, line.Arg(0));
  calendar.hours.clear();
  for (const std::string& text : ParseList(line.Get("hours"))) {
    const std::vector<std::string> parts = absl::StrSplit(text, absl::ByAnyChar("@-"));
    calendar.hours.push_back(
        {ParseInt(parts.at(0)), ParseClock(parts.at(1)), ParseClock(parts.at(2))});
  }
  calendar.offsets = {{Time{1}, static_cast<int>(line.GetSpan("offset").us / 1'000'000)}};
  for (const std::string& day : ParseList(line.Get("holidays"))) {
    calendar.holidays.push_back(ParseInt(day));
  }
}

void ReadStep(ScenarioLine& line, ApplyConfig& config) {
  StepConfig step;
  step.after = line.GetSpan("after");
  step.lower_levels = line.GetInt("lower", 0);
  step.drop_skills = ParseList(line.Get("drop"));
  step.drop_languages = line.Flag("drop_languages");
  step.drop_labels = ParseList(line.Get("drop_labels"));
  step.close = line.Flag("close");
  step.at_once_if_nobody = line.Flag("at_once_if_nobody");
  step.tier = line.GetInt("tier", 0);
  step.credit = line.GetSpan("credit");
  step.overflow_to = line.Get("overflow");
  if (line.Has("when")) step.when = ReadWhen(line.Get("when"));
  step.at_latest = line.GetSpan("at_latest");
  FindOrAdd(config.config.queues, line.Arg(0)).steps.push_back(step);
}

void ReadSettings(ScenarioLine& line, ApplyConfig& config) {
  SettingsConfig& settings = config.config.settings;
  config.patch_settings = true;
  if (line.Has("back_off")) settings.back_off = ReadBackOff(line.Get("back_off"));
  settings.presence_grace = line.GetSpan("grace", settings.presence_grace);
  settings.closed_retention = line.GetSpan("retention", settings.closed_retention);
  settings.closed_max =
      static_cast<uint32_t>(line.GetInt("closed_max", static_cast<int>(settings.closed_max)));
  settings.request_window = line.GetSpan("request_window", settings.request_window);
  settings.request_max =
      static_cast<uint32_t>(line.GetInt("request_max", static_cast<int>(settings.request_max)));
  if (line.Has("rate_limit")) {  // assignments:window
    const std::vector<std::string> parts = absl::StrSplit(line.Get("rate_limit"), ':');
    settings.rate_limit = {ParseInt(parts.at(0)), ParseSpan(parts.at(1))};
  }
  settings.fairness_window = line.GetSpan("fairness_window", settings.fairness_window);
  settings.random_seed = static_cast<uint64_t>(line.GetInt("seed", 0));
  if (line.Has("away_reasons")) settings.away_reasons = ParseList(line.Get("away_reasons"));
}

// "queue:tier:paused:wrap_up:position:weight", all but the queue optional.
MembershipConfig ReadMembership(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  MembershipConfig membership;
  membership.queue = parts.at(0);
  if (parts.size() > 1 && !parts[1].empty()) membership.tier = ParseInt(parts[1]);
  if (parts.size() > 2) membership.paused = parts[2] == "paused";
  if (parts.size() > 3 && !parts[3].empty()) membership.wrap_up = ParseSpan(parts[3]);
  if (parts.size() > 4 && !parts[4].empty()) membership.position = ParseInt(parts[4]);
  if (parts.size() > 5) membership.weight = ParseInt(parts[5]);
  return membership;
}

void ReadAgent(ScenarioLine& line, ApplyConfig& config) {
  AgentConfig agent;
  agent.id = line.Arg(0);
  agent.kind = line.Flag("bot") ? AgentKind::kBot : AgentKind::kPerson;
  const RequirementSpec has = line.GetRequirement();
  agent.skills = has.skills;
  agent.languages = has.languages;
  agent.labels = has.labels;
  agent.team = line.Get("team");
  agent.units = line.GetInt("units", 1);
  for (const SkillLevel& pair : ParseLevels(line.Get("channel_units"))) {
    agent.channel_units[pair.name] = pair.level;
  }
  for (const std::string& text : ParseList(line.Get("queues"))) {
    agent.memberships.push_back(ReadMembership(text));
  }
  if (!config.agents) config.agents.emplace();
  FindOrAdd(*config.agents, agent.id) = agent;
}

void ReadRule(ScenarioLine& line, ApplyConfig& config) {
  RuleConfig& rule = FindOrAdd(config.config.rules, line.Arg(0));
  rule.queue = line.Get("queue");
  rule.channels = ParseList(line.Get("channels"));
  rule.conditions = ParseConditions(line.Get("attributes"));
  rule.requirement = line.GetRequirement();
  if (line.Has("priority")) rule.priority = line.GetInt("priority", 0);
  config.patch_rules = true;
}

// Names the workspace's classifier.
void ReadClassifier(ScenarioLine& line, ApplyConfig& config) {
  ExternalConfig& external = config.config.external.emplace();
  external.classifier = line.Arg(0);
  external.deadline = line.GetSpan("deadline", external.deadline);
  if (line.Flag("after_rules")) external.ask = ClassifierTurn::kAfterRules;
  config.patch_rules = true;
}

// ---- Commands -----------------------------------------------------------------------------------

const Inquiry* Find(const Engine& engine, const std::string& id) {
  const InquiryIx ix = engine.FindInquiry(id);
  return ix.IsSet() ? &engine.inquiry(ix) : nullptr;
}

std::optional<RequirementSpec> OptionalRequirement(ScenarioLine& line) {
  bool given = false;
  for (const char* key : {"skills", "languages", "labels", "any", "not", "if"}) {
    given |= line.Has(key);
  }
  return given ? std::optional(line.GetRequirement()) : std::nullopt;
}

Attributes ReadAttributes(ScenarioLine& line) {
  Attributes attributes;
  for (const std::string& pair : ParseList(line.Get("attributes"))) {
    const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits(':', 1));
    attributes.emplace_back(parts.at(0), parts.size() > 1 ? parts[1] : "");
  }
  return attributes;
}

Body ReadSubmit(ScenarioLine& line, const Engine& engine) {
  Submit submit;
  submit.inquiry_id = line.Arg(0);
  const auto& channels = engine.config().channels;
  const auto& queues = engine.config().queues;
  submit.channel = line.Get("channel", channels.empty() ? "" : channels[0].id);
  const bool ruled = !engine.config().rules.empty() || engine.config().external;
  submit.queue = line.Get("queue", queues.empty() || ruled ? "" : queues[0].id);
  submit.requirement = line.GetRequirement();
  submit.priority = line.GetInt("priority", 0);
  submit.units = line.GetInt("units", 0);
  submit.customer = line.Get("customer");
  submit.attributes = ReadAttributes(line);
  submit.preferred_agents = ParseList(line.Get("preferred"));
  submit.excluded_agents = ParseList(line.Get("excluded"));
  return submit;
}

// What the classifier said of the submission; null: nothing is told.
std::shared_ptr<const Advice> ReadAdvice(ScenarioLine& line, const Engine& engine) {
  if (!line.Has("verdict") && !line.Has("no_verdict")) return nullptr;
  Advice advice;
  if (engine.config().external) advice.classifier = engine.config().external->classifier;
  advice.classifier = line.Get("by", advice.classifier);
  if (line.Has("no_verdict")) {
    advice.outcome = ParseEnum<ClassifierOutcome>(line.Get("no_verdict"), kClassifierOutcomes, kText);
  }
  advice.verdict.queue = line.Get("verdict");
  advice.verdict.requirement.skills = ParseLevels(line.Get("verdict_skills"));
  if (line.Has("verdict_priority")) advice.verdict.priority = line.GetInt("verdict_priority", 0);
  advice.label = line.Get("label");
  return std::make_shared<const Advice>(std::move(advice));
}

Body ReadUpdate(ScenarioLine& line, const Engine&) {
  Update update;
  update.inquiry_id = line.Arg(0);
  if (line.Has("priority")) update.priority = line.GetInt("priority", 0);
  update.requirement = OptionalRequirement(line);
  if (line.Has("customer")) update.customer = line.Get("customer");
  if (line.Has("attributes")) update.attributes = ReadAttributes(line);
  if (line.Has("preferred")) update.preferred_agents = ParseList(line.Get("preferred"));
  return update;
}

Body ReadTransfer(ScenarioLine& line, const Engine&) {
  return Transfer{line.Arg(0), line.Get("queue"), OptionalRequirement(line), line.Get("preferred")};
}

// message i1 m1 customer | agent | bot [agent=a1]; without agent= the one who holds it.
Body ReadMessage(ScenarioLine& line, const Engine& engine) {
  RecordMessage message{line.Arg(0), line.Arg(1), ParseEnum<Author>(line.Arg(2), 3, kText), ""};
  const Inquiry* inquiry = Find(engine, message.inquiry_id);
  const bool by_agent = message.author == Author::kAgent && inquiry != nullptr;
  message.agent_id = line.Get("agent", by_agent ? engine.AgentId(inquiry->agent) : "");
  return message;
}

Body ReadAccept(ScenarioLine& line, const Engine& engine) {
  const Inquiry* inquiry = Find(engine, line.Arg(0));
  const int number = inquiry == nullptr ? 0 : static_cast<int>(inquiry->offer_number);
  return Accept{line.Arg(0), static_cast<uint32_t>(line.GetInt("offer", number)),
                line.Get("agent", inquiry == nullptr ? "" : engine.AgentId(inquiry->offer_agent))};
}

Body ReadDecline(ScenarioLine& line, const Engine& engine) {
  const Accept same = std::get<Accept>(ReadAccept(line, engine));
  return Decline{same.inquiry_id, same.offer_number, same.agent_id, line.GetSpan("retry_after")};
}

Body ReadPresence(ScenarioLine& line, const Engine&) {
  return SetPresence{line.Arg(0), ParseEnum<Presence>(line.Arg(1), 4, kText), line.Get("reason"),
                     line.Get("session"), static_cast<uint64_t>(line.GetInt("sequence", 0))};
}

// assign i1 a1 reason=why [with_offer] [aside=presence,capacity]
Body ReadAssign(ScenarioLine& line, const Engine&) {
  AssignTo assign{line.Arg(0), line.Arg(1), line.Flag("with_offer"), {}, line.Get("reason")};
  for (const std::string& name : ParseList(line.Get("aside"))) {
    assign.overrides.push_back(ParseEnum<Override>(name, 8, kText));
  }
  return assign;
}

Body ReadLapse(ScenarioLine& line, const Engine&) {
  LapseSessions lapse;
  for (const std::string& pair : line.args()) {
    const std::vector<std::string> parts = absl::StrSplit(pair, '/');
    lapse.sessions.emplace_back(parts.at(0), parts.at(1));
  }
  return lapse;
}

Body ReadClose(ScenarioLine& line, const Engine&) {
  return Close{line.Arg(0), ParseEnum<Resolution>(line.Get("resolution", "resolved"), 5, kText),
               line.Get("agent")};
}

Body ReadFeedback(ScenarioLine& line, const Engine&) {
  RecordFeedback feedback{line.Arg(0), line.GetInt("csat", 0), std::nullopt};
  if (line.Has("resolved")) feedback.resolved = line.Get("resolved") == "yes";
  return feedback;
}

Body ReadRemove(ScenarioLine& line, const Engine&) {
  ApplyConfig apply;
  apply.whole = false;
  apply.remove_queues = ParseList(line.Get("queues"));
  apply.remove_channels = ParseList(line.Get("channels"));
  apply.remove_teams = ParseList(line.Get("teams"));
  return apply;
}

Body ReadTakeOver(ScenarioLine& line, const Engine&) {
  return TakeOver{static_cast<uint64_t>(line.GetInt("epoch", 1)), line.Get("address"),
                  line.Get("previous"), line.Flag("lost_tail")};
}

using Reader = std::function<Body(ScenarioLine&, const Engine&)>;
const std::map<std::string, Reader>& Readers() {
  static const std::map<std::string, Reader> readers = {
      {"submit", ReadSubmit},
      {"update", ReadUpdate},
      {"transfer", ReadTransfer},
      {"message", ReadMessage},
      {"accept", ReadAccept},
      {"decline", ReadDecline},
      {"close", ReadClose},
      {"feedback", ReadFeedback},
      {"presence", ReadPresence},
      {"lapse", ReadLapse},
      {"remove", ReadRemove},
      {"take-over", ReadTakeOver},
      {"assign", ReadAssign},
      {"claim",
       [](ScenarioLine& line, const Engine&) -> Body { return Claim{line.Arg(0), line.Arg(1)}; }},
      {"reopen",
       [](ScenarioLine& line, const Engine&) -> Body {
         return Reopen{line.Arg(0), line.Get("agent")};
       }},
      {"extend-wrap-up",
       [](ScenarioLine& line, const Engine&) -> Body {
         return ExtendWrapUp{line.Arg(0), line.Arg(1), line.GetSpan("by")};
       }},
      {"cancel",
       [](ScenarioLine& line, const Engine&) -> Body {
         return Cancel{line.Arg(0),
                       ParseEnum<CancelReason>(line.Get("reason", "abandoned"), 4, kText)};
       }},
      {"park", [](ScenarioLine& line, const Engine&) -> Body { return Park{line.Arg(0)}; }},
      {"resume", [](ScenarioLine& line, const Engine&) -> Body { return Resume{line.Arg(0)}; }},
      {"open-session",
       [](ScenarioLine& line, const Engine&) -> Body {
         return OpenSession{line.Arg(0), line.Arg(1)};
       }},
      {"close-session",
       [](ScenarioLine& line, const Engine&) -> Body {
         return CloseSession{line.Arg(0), line.Arg(1)};
       }},
      {"finish-wrap-up",
       [](ScenarioLine& line, const Engine&) -> Body {
         return FinishWrapUp{line.Arg(0), line.Arg(1)};
       }},
      {"delete-agent",
       [](ScenarioLine& line, const Engine&) -> Body {
         return DeleteAgents{line.args(), line.Flag("force")};
       }},
      {"extend",
       [](ScenarioLine& line, const Engine&) -> Body { return Extend{ParseSpan(line.Arg(0))}; }},
      {"quarantine",
       [](ScenarioLine& line, const Engine&) -> Body {
         return NoteQuarantine{line.Arg(0), line.Arg(1), line.Arg(2)};
       }},
  };
  return readers;
}

}  // namespace

bool ReadConfigLine(ScenarioLine& line, ApplyConfig& config) {
  static const std::map<std::string, void (*)(ScenarioLine&, ApplyConfig&)> kReaders = {
      {"channel", ReadChannel}, {"team", ReadTeam},         {"queue", ReadQueue},
      {"step", ReadStep},       {"settings", ReadSettings}, {"agent", ReadAgent},
      {"rule", ReadRule},       {"calendar", ReadCalendar}, {"classifier", ReadClassifier},
  };
  const auto reader = kReaders.find(line.verb());
  if (reader == kReaders.end()) return false;
  reader->second(line, config);
  return true;
}

std::optional<Command> ReadCommand(ScenarioLine& line, const Engine& engine, Time base) {
  const auto reader = Readers().find(line.verb());
  if (reader == Readers().end()) return std::nullopt;
  Command command{reader->second(line, engine), line.Get("request"), {}};
  if (line.Has("when")) command.when = base + line.GetSpan("when");
  if (line.verb() == "submit") command.advice = ReadAdvice(line, engine);
  return command;
}

}  // namespace firstline::engine::scenarios
