// What `firstline explain` shows, line by line.
#include "services/cli/explain_text.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace firstline::cli {
namespace {

template <class Response>
std::string Shown(const std::string& text) {
  Response response;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &response));
  std::ostringstream out;
  ShowExplanation(out, response, false);
  return out.str();
}

constexpr char kWaiting[] = R"pb(
  time { seconds: 1000 }
  explanation {
    inquiry {
      spec { id: "chat-4711" queue: "billing" channel: "chat" }
      state: INQUIRY_STATE_WAITING
      units: 1
      enqueue_time { seconds: 910 }
      place_in_line: 2
      place_in_queue: 5
      expected_wait_p50 { seconds: 75 }
      expected_wait_p90 { seconds: 210 }
    }
    requirement {
      skills { skill: "refunds" min_level: 3 }
      languages { language: "de" min_level: 1 }
    }
    next_step { lower_levels: 1 }
    next_step_time { seconds: 1030 }
    overtakes: 2
    max_overtakes: 5
    agents: 120
    candidates {
      agent_id: "ann"
      presence: PRESENCE_AVAILABLE
      obstacles {
        kind: OBSTACLE_KIND_CHANNEL_CAPACITY
        text: "chat: 3 of 3 units used, needs 1"
        remedy: "1 free units on channel chat"
        until_time { seconds: 1040 }
      }
    }
    candidates {
      agent_id: "ben"
      presence: PRESENCE_AWAY
      presence_reason: "lunch"
      obstacles {
        kind: OBSTACLE_KIND_SKILL_LEVEL
        text: "skill refunds 2, needs 3 or more"
        remedy: "skill refunds at 3 or more"
      }
      obstacles { kind: OBSTACLE_KIND_PRESENCE text: "away: lunch" remedy: "becomes available" }
      fits_at_step: 1
      fits_at_time { seconds: 1030 }
    }
    counts {
      obstacle { kind: OBSTACLE_KIND_SKILL_MISSING text: "no skill refunds, needs 3 or more" }
      count: 118
    }
    counts {
      obstacle { kind: OBSTACLE_KIND_CHANNEL_CAPACITY text: "chat: fewer than 1 units free" }
      count: 2
    }
  }
)pb";

TEST(ExplainText, OfAnInquiryThatWaits) {
  EXPECT_EQ(
      Shown<v1::ExplainInquiryResponse>(kWaiting),
      "inquiry chat-4711: waiting in queue billing, step 0, for 1m30s\n"
      "  place 2 in its line, 5 in its queue\n"
      "  half of those in its place wait at most 1m15s more, nine of ten at most 3m30s\n"
      "  asks for skill refunds:3, language de; 1 unit on chat\n"
      "  overtaken 2 times for want of room, an agent is reserved at 5\n"
      "  next step in 30s: levels lowered by 1\n"
      "0 of 120 agents may take it\n"
      "\n"
      "agent  presence      why not                                        what would help\n"
      "ann    available     chat: 3 of 3 units used, needs 1               1 free units on channel "
      "chat (in 40s)\n"
      "ben    away (lunch)  skill refunds 2, needs 3 or more; away: lunch  skill refunds at 3 or "
      "more; becomes available; suits from step 1 on (in 30s)\n"
      "\n"
      "all who may not, by what stands in the way first:\n"
      "    118  no skill refunds, needs 3 or more\n"
      "      2  chat: fewer than 1 units free\n");
}

TEST(ExplainText, OfADryRun) {
  EXPECT_EQ(Shown<v1::ExplainSubmitResponse>(R"pb(
              time { seconds: 1000 }
              rule: "vip"
              passed_through: "night"
              explanation {
                inquiry {
                  spec { queue: "day" channel: "chat" }
                  state: INQUIRY_STATE_WAITING
                  units: 2
                  enqueue_time { seconds: 1000 }
                  place_in_line: 1
                  place_in_queue: 1
                }
                agents: 1
                matching: 1
                candidates {
                  agent_id: "ann"
                  presence: PRESENCE_AVAILABLE
                  rank: 1
                  scores { criterion: CRITERION_LOAD value: 500 }
                  scores { criterion: CRITERION_IDLE_TIME value: 7 }
                }
              })pb"),
            "dry run, nothing is changed: rule vip chooses its queue; queue night moves it on at "
            "once; waiting in queue day, step 0, for 0s\n"
            "  place 1 in its line, 1 in its queue\n"
            "  asks for nothing in particular; 2 units on chat\n"
            "1 of 1 agent may take it\n"
            "\n"
            "agent  presence   why not                       what would help\n"
            "ann    available  may take it, and comes first  load 500, idle time 7\n");
  EXPECT_EQ(Shown<v1::ExplainSubmitResponse>(
                R"pb(ends: true explanation { inquiry { spec { queue: "q" } } })pb"),
            "dry run, nothing is changed: a step of queue q ends it at once\n");
  EXPECT_EQ(Shown<v1::ExplainSubmitResponse>(
                R"pb(rule: "rest" classifier: "intents" ends: true
                     explanation { inquiry { spec { queue: "q" } } })pb"),
            "dry run, nothing is changed: classifier intents would be asked, and decide if it knows; "
            "else rule rest chooses its queue; a step of queue q ends it at once\n");
}

TEST(ExplainText, OfADryRunThatOthersDecide) {
  const std::string shown = Shown<v1::ExplainSubmitResponse>(R"pb(
    time { seconds: 1000 }
    undecided: true
    explanation {
      inquiry {
        spec { queue: "day" channel: "chat" }
        state: INQUIRY_STATE_WAITING
        units: 1
        enqueue_time { seconds: 1000 }
      }
      next_step {
        overflow_to: "night"
        when { waiting_above: 3 expected_wait_above { seconds: 90 } }
      }
    })pb");
  EXPECT_NE(shown.find("waiting inquiries above 3 and expected wait above 1m30s"),
            std::string::npos) << shown;
  EXPECT_NE(shown.find("others who wait for a state go on before it"), std::string::npos) << shown;
}

TEST(ExplainText, OfAnAgent) {
  EXPECT_EQ(Shown<v1::ExplainAgentResponse>(R"pb(
              time { seconds: 1000 }
              agent_id: "ann"
              presence: PRESENCE_AVAILABLE
              gates {
                kind: OBSTACLE_KIND_BACK_OFF
                text: "backs off after missed offers"
                until_time { seconds: 1012 }
              }
              lines: 3
              suiting: 2
              next_inquiry_id: "c1"
              inquiries {
                inquiry_id: "c1"
                queue: "sales"
                enqueue_time { seconds: 940 }
                waiting: 4
                obstacles {
                  text: "backs off after missed offers"
                  remedy: "the back-off ends"
                  until_time { seconds: 1012 }
                }
              }
              counts { obstacle { kind: OBSTACLE_KIND_NOT_MEMBER } count: 1 }
              counts { obstacle { kind: OBSTACLE_KIND_BACK_OFF } count: 2 }
            )pb"),
            "agent ann: available\n"
            "  takes nothing: backs off after missed offers, 12s more\n"
            "  3 lines wait, the agent suits 2\n"
            "  would be offered c1 next\n"
            "\n"
            "first in line  queue  waits  behind it  why not                        what would help\n"
            "c1             sales  1m             3  backs off after missed offers  the back-off ends "
            "(in 12s)\n"
            "\n"
            "all lines, by what stands in the way first:\n"
            "      1  not member\n"
            "      2  back off\n");
}

}  // namespace
}  // namespace firstline::cli
