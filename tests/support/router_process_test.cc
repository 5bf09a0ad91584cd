// What other suites rely on when they start a router.
#include "tests/support/router_process.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

#include "common/client/client.h"

namespace firstline::test {
namespace {

bool Answers(const std::string& address) {
  client::Client client({.targets = {address}, .deadline = std::chrono::seconds(10)});
  return client.ListWorkspaces({}).ok();
}

TEST(RouterProcessTest, ServesWhenItIsThereAndComesBackToTheSameAddress) {
  RouterProcess router({});
  const std::string address = router.address();
  EXPECT_TRUE(Answers(address));
  router.Signal(SIGTERM);
  EXPECT_EQ(router.Wait(), 0);
  router.Restart();
  EXPECT_EQ(router.address(), address);
  EXPECT_TRUE(Answers(address));
  router.Restart();  // one that runs
  EXPECT_TRUE(Answers(address));
}

TEST(RouterProcessTest, IsGoneWhenTheObjectIs) {
  pid_t pid = 0;
  {
    const RouterProcess router({});
    pid = router.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(RouterProcessTest, ThrowsAtOnceWhenItCannotServe) {
  EXPECT_THROW(RouterProcess({.log_level = "off", .extra_arguments = {"--no-such-option"}}),
               std::runtime_error);
}

}  // namespace
}  // namespace firstline::test
