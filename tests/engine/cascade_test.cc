// Elsewhere an agent who misses an offer is set to not ready until a person acts. In a rush, offers
// are missed because everybody is busy reading the one before; each agent thrown out leaves more to
// the others, who miss more, until nobody is left: the queue empties of agents while it fills with
// inquiries. Here a back-off ends by itself. One workspace is driven through such a rush twice: as it
// is, and with agents thrown out as elsewhere.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/engine/workbench.h"

namespace firstline::engine::proof {
namespace {

constexpr int kAgents = 30;

class Rush {
 public:
  // `throws_out`: whoever misses three offers in a row goes offline and stays so.
  explicit Rush(bool throws_out) : throws_out_(throws_out), bench_(Config()) {
    for (int a = 0; a < kAgents; ++a) bench_.Online(absl::StrCat("a", a));
  }

  // Ten minutes with more inquiries than can be taken, then ten without new ones.
  void Run() {
    for (int second = 0; second < 1200; ++second) {
      if (second < 600) bench_.Submit(absl::StrCat("i", second));
      bench_.Advance(Seconds(1));
      const double missed = second < 600 ? 0.7 : 0.1;
      Act(missed);
      ASSERT_EQ(bench_.Broken(), "") << "second " << second;
    }
  }
  int available() const {
    int count = 0;
    const_cast<Workbench&>(bench_).engine().ForEachAgent([&](AgentIx, const Agent& agent) {
      count += agent.presence == Presence::kAvailable ? 1 : 0;
      return true;
    });
    return count;
  }
  int served() const { return served_; }
  size_t waiting() { return bench_.engine().open_inquiries(); }
  // Longest time any agent was left alone for, up to now.
  Span longest_back_off() const { return longest_; }

 private:
  static WorkspaceConfig Config() {
    WorkspaceConfig config = Workbench::SmallWorkspace();
    config.queues[0].offer_timeout = Seconds(5);
    config.settings.back_off = {3, Seconds(10), Seconds(60), true};
    return config;
  }
  // Each offer is accepted in its first second, or missed.
  void Act(double missed) {
    std::vector<std::string> fresh, done;
    bench_.engine().ForEachInquiry([&](InquiryIx, const Inquiry& inquiry) {
      const std::string offer = absl::StrCat(inquiry.id, "/", inquiry.offer_number);
      if (inquiry.state == InquiryState::kOffered && seen_.insert(offer).second) {
        fresh.push_back(inquiry.id);
      }
      const bool is_over = inquiry.state == InquiryState::kAssigned &&
                           bench_.now() - inquiry.assign_time >= Seconds(20);
      if (is_over) done.push_back(inquiry.id);
      return true;
    });
    for (const std::string& id : done) Close(id);
    for (const std::string& id : fresh) {
      if (chance_(random_) >= missed) bench_.Accept(id);
    }
    std::vector<std::string> out;
    bench_.engine().ForEachAgent([&](AgentIx, const Agent& agent) {
      if (agent.back_off_until.IsSet()) {
        longest_ = std::max(longest_, agent.back_off_until - bench_.now());
        if (throws_out_) out.push_back(agent.id);
      }
      return true;
    });
    for (const std::string& id : out) bench_.Do(SetPresence{id, Presence::kOffline});
  }
  void Close(const std::string& id) {
    bench_.Message(id, "m", Author::kAgent);
    bench_.Do(engine::Close{id, Resolution::kResolved, ""});
    ++served_;
  }

  const bool throws_out_;
  Workbench bench_;
  std::mt19937_64 random_{11};
  std::uniform_real_distribution<double> chance_{0, 1};
  std::set<std::string> seen_;
  Span longest_;
  int served_ = 0;
};

TEST(CascadeTest, NobodyIsThrownOut) {
  Rush here(false), elsewhere(true);
  ASSERT_NO_FATAL_FAILURE(here.Run());
  ASSERT_NO_FATAL_FAILURE(elsewhere.Run());
  EXPECT_EQ(here.available(), kAgents);
  EXPECT_EQ(here.waiting(), 0u) << "all are served once the rush is over";
  EXPECT_EQ(here.served(), 600);
  EXPECT_LE(here.longest_back_off(), Seconds(60));
  // The harness sees the cascade where there is one.
  EXPECT_LT(elsewhere.available(), kAgents / 3);
  EXPECT_GT(elsewhere.waiting(), 100u);
}

}  // namespace
}  // namespace firstline::engine::proof
