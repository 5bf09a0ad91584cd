// Reads the Prometheus text format, written from the format's description alone: tests must not
// trust the code that writes it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace firstline::testing {

using LabelMap = std::map<std::string, std::string>;

struct TextSample {
  std::string name;  // as it stands on the line: with _bucket, _sum, _count
  LabelMap labels;   // without empty ones, which mean the same as absent
  double value = 0;
};

struct TextFamily {
  std::string type;  // counter, gauge, histogram, summary
  std::string help;
  std::vector<TextSample> samples;
};

// By name of family. Anything that does not follow the format is appended to `problems`.
std::map<std::string, TextFamily> ParseExposition(const std::string& text,
                                                  std::vector<std::string>& problems);

// `name{a="x",b="y"}`, labels ascending: a key for maps.
std::string SampleKey(const std::string& name, const LabelMap& labels);

}  // namespace firstline::testing
