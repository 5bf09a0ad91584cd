#include "common/config/spelling.h"

#include <gtest/gtest.h>

namespace firstline::config {
namespace {

TEST(SpellingTest, Distances) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("target", "tagret"), 1u);
  EXPECT_EQ(EditDistance("ca", "abc"), 3u);
  EXPECT_EQ(EditDistance(std::string(1000, 'a'), std::string(1000, 'b')), 64u);
}

TEST(SpellingTest, NearestWordForgivesAThirdOfTheLetters) {
  const std::vector<std::string> known = {"name", "target", "serving_order", "wrap_up"};
  EXPECT_EQ(NearestWord("targt", known), "target");
  EXPECT_EQ(NearestWord("servingOrder", known), "serving_order");
  EXPECT_EQ(NearestWord("wrapup", known), "wrap_up");
  EXPECT_EQ(NearestWord("nme", known), "name");
  EXPECT_EQ(NearestWord("skill", known), "");
  EXPECT_EQ(NearestWord("", known), "");
  EXPECT_EQ(NearestWord("x", {}), "");
}

}  // namespace
}  // namespace firstline::config
