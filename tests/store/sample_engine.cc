#include "tests/store/sample_engine.h"

#include <utility>

namespace firstline::store {

engine::WorkspaceConfig SampleConfig() {
  engine::WorkspaceConfig config;
  config.channels = {{.id = "chat", .kind = engine::ChannelKind::kMessaging, .units = 2},
                     {.id = "voice", .kind = engine::ChannelKind::kLive, .units = 10}};
  config.teams = {{.id = "north", .vendor = ""}, {.id = "out", .vendor = "callco"}};
  config.queues.resize(2);
  config.queues[0].id = "support";
  engine::QueueConfig& full = config.queues[1];
  full.id = "sales";
  full.serving = engine::Serving::kCredit;
  full.credits = {{1, engine::Seconds(30)}, {9, engine::Seconds(600)}};
  full.selection = {engine::Criterion::kLanguageLevel, engine::Criterion::kSkillLevel,
                    engine::Criterion::kRoundRobin};
  full.requirement = {.skills = {{"selling", 3}}, .languages = {{"de", 2}}, .labels = {"senior"}};
  full.first_tier = 1;
  full.steps = {{.after = engine::Seconds(20),
                 .lower_levels = 2,
                 .drop_skills = {"selling"},
                 .tier = 3,
                 .credit = engine::Seconds(60)},
                {.after = engine::Seconds(90), .drop_languages = true, .overflow_to = "support"}};
  full.preferred_hold = engine::Seconds(15);
  full.max_length = 500;
  full.wrap_up = engine::Seconds(45);
  full.first_reply_warning = engine::Seconds(60);
  full.first_reply_timeout = engine::Seconds(120);
  config.settings.away_reasons = {"lunch", "training"};
  return config;
}

engine::WorkspaceConfig SamplePolicies() {
  engine::WorkspaceConfig config = SampleConfig();
  engine::QueueConfig& queue = config.queues[1];
  queue.requirement.skills[0].max = 9;
  queue.requirement.any_skills = {{{"billing", 2}, {"refunds", 1, 5}}};
  queue.requirement.excluded_skills = {"trainee"};
  queue.requirement.label_conditions = {
      {"site", engine::Comparison::kIn, {"north", "south"}},
      {"grade", engine::Comparison::kGreaterOrEqual, {"3"}}};
  queue.steps[0].drop_labels = {"site"};
  queue.selection = {engine::Criterion::kTier, engine::Criterion::kScore,
                     engine::Criterion::kFewestHandled, engine::Criterion::kRandom};
  queue.score = {1, 2, 3, 4, 5, 100};
  queue.serving = engine::Serving::kLifo;
  queue.weight = 12;
  queue.suspended = true;
  queue.max_overtakes = 7;
  queue.refuse_if_nobody = true;
  queue.back_off = {1, engine::Seconds(60), engine::Seconds(120), true};
  queue.wrap_up_queue_only = true;
  queue.offer_to = 3;
  queue.keep_place = engine::Seconds(240);
  queue.last_agent_within = engine::Seconds(86'400);
  queue.ask_decliners_after = engine::Seconds(20);
  queue.allow_claim = true;
  queue.wrap_up_extension_max = engine::Seconds(600);
  queue.lost_agent = engine::LostAgent::kRequeue;
  queue.lost_agent_after = engine::Seconds(30);
  queue.reopen_within = engine::Seconds(3600);
  queue.reopen_keeps_age = true;
  queue.steps[0].when = engine::StepWhen{.available_below = 1,
                                         .available_above = 0,
                                         .logged_in_below = 9,
                                         .logged_in_above = 1,
                                         .waiting_below = 70,
                                         .waiting_above = 3,
                                         .open = "office",
                                         .closed = "office",
                                         .expected_wait_above = engine::Seconds(40),
                                         .expected_wait_below = engine::Milliseconds(90'500)};
  queue.steps[0].when->available_above.reset();
  queue.max_expected_wait = engine::Seconds(600);
  queue.expected_wait_quantile = engine::WaitQuantile::kP90;
  queue.steps[0].at_latest = engine::Seconds(80);
  config.channels[0].exclusive = true;
  config.channels[0].interrupted_by = {config.channels[1].id};
  config.calendars = {{.id = "office",
                       .time_zone = "Europe/Berlin",
                       .offsets = {{{1}, 3600}, {{7}, -7200}},
                       .hours = {{31, 540, 1020}, {96, 600, 1440}},
                       .holidays = {-3, 20'454}}};
  queue.steps[1] = {.after = engine::Seconds(90), .at_once_if_nobody = true, .close = true};
  config.settings.rate_limit = {5, engine::Seconds(300)};
  config.settings.fairness_window = engine::Seconds(900);
  config.settings.random_seed = 77;
  config.settings.back_off.probation = true;
  config.rules = {{.id = "refunds",
                   .channels = {"chat"},
                   .conditions = {{"topic", engine::Comparison::kIn, {"refund", "return"}}},
                   .queue = "sales",
                   .requirement = {.skills = {{"refunds", 3}}, .languages = {}, .labels = {}},
                   .priority = 4},
                  {.id = "rest", .queue = "support"}};
  config.external = {"intents", engine::Milliseconds(150), engine::ClassifierTurn::kAfterRules};
  return config;
}

engine::AgentConfig SampleAgentConfig() {
  engine::AgentConfig agent;
  agent.id = "ann";
  agent.skills = {{"selling", 7}, {"billing", 2}};
  agent.languages = {{"de", 10}};
  agent.labels = {"senior"};
  agent.team = "out";
  agent.units = 12;
  agent.channel_units = {{"voice", 10}};
  agent.memberships = {{.queue = "sales", .tier = 2, .position = 5, .wrap_up = engine::Seconds(9)},
                       {.queue = "support", .paused = true}};
  return agent;
}

engine::Agent SampleAgent(engine::Engine& engine) {
  engine::Agent agent;
  agent.sequence = 3;
  agent.presence = engine::Presence::kAway;
  agent.reason = "lunch";
  agent.presence_since = kSampleTime;
  agent.sessions = {{"s-1", 17}, {"s-2", 0}};
  agent.presence_leased = true;
  agent.misses = 2;
  agent.back_off_count = 1;
  agent.back_off_until = kSampleTime + engine::Seconds(30);
  agent.idle_since = kSampleTime - engine::Seconds(5);
  agent.idle_sequence = 88;
  agent.offered_sequence = 99;
  agent.wrap_ups = {{.inquiry_id = "i-0",
                     .channel = engine.ChannelHandle("chat"),
                     .queue = engine.QueueHandle("sales"),
                     .units = 2,
                     .start = kSampleTime,
                     .until = kSampleTime + engine::Seconds(9)}};
  return agent;
}

// Every field differs from its default.
engine::Inquiry SampleInquiry(engine::Engine& engine) {
  const auto after = [](int64_t seconds) { return kSampleTime + engine::Seconds(seconds); };
  engine::Inquiry i;
  i.id = "i-1";
  i.customer = "customer 7";
  i.attributes = engine::PackAttributes({{"lang", "de"}, {"vip", ""}});
  i.channel = engine.ChannelHandle("chat");
  i.queue = engine.QueueHandle("sales");
  i.units = 2;
  i.own = engine.RequirementHandle(
      {.skills = {{"billing", 1}}, .languages = {{"de", 5}, {"en", 1}}, .labels = {"senior"}},
      i.channel, i.units);
  i.state = engine::InquiryState::kAssigned;
  i.priority = 9;
  i.step = 1;
  i.held = i.replied = i.warned = i.answered_here = i.offer_open = true;
  i.create_time = kSampleTime;
  i.create_when = after(-1);
  i.arrival_time = kSampleTime;
  i.human_queue_time = after(2);
  i.enqueue_time = after(3);
  i.offer_time = after(4);
  i.assign_time = after(5);
  i.first_response_time = after(6);
  i.bot_response_time = after(7);
  i.unanswered_since = after(8);
  i.park_time = after(9);
  i.end_time = after(10);
  i.parked_total = engine::Milliseconds(1500);
  i.deadline = after(60);
  i.sequence = 1234;
  i.agent = engine.AgentHandle("ann");
  i.offer_number = 3;
  i.offer_agent = engine.AgentHandle("bob");
  i.offer_outcome = engine::OfferOutcome::kAccepted;
  i.preferred = {engine.AgentHandle("ann")};
  i.exceptions = {{engine.AgentHandle("bob"), after(20), false},
                  {engine.AgentHandle("cid"), engine::kNever, true}};
  i.digest = 0xfedcba9876543210;
  i.recent_messages = {{0x0123456789abcdef, engine::Author::kBot}};
  i.cancel_reason = engine::CancelReason::kAbandoned;
  i.resolution = engine::Resolution::kSpam;
  i.csat = 5;
  i.feedback_resolved = 1;
  i.declines = 1;
  i.misses = 2;
  i.transfers = 3;
  i.returns = 4;
  return i;
}

// Configuration, agent and inquiry restored.
std::unique_ptr<engine::Engine> SampleEngine() {
  auto engine = std::make_unique<engine::Engine>("acme");
  engine->RestoreConfig(
      SampleConfig(),
      {.config_version = 7, .inquiry_sequence = 1234, .agent_sequence = 99, .now = kSampleTime});
  engine->RestoreAgent(SampleAgentConfig(), SampleAgent(*engine));
  engine->RestoreInquiry(SampleInquiry(*engine));
  engine->FinishRestore();
  return engine;
}

}  // namespace firstline::store
