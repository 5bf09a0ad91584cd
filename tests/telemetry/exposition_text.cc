#include "tests/telemetry/exposition_text.h"

#include <cstdlib>
#include <sstream>

namespace firstline::testing {
namespace {

bool Take(const std::string& line, size_t& at, char c) {
  if (at >= line.size() || line[at] != c) return false;
  ++at;
  return true;
}

std::string TakeUntil(const std::string& line, size_t& at, const std::string& stops) {
  const size_t end = std::min(line.find_first_of(stops, at), line.size());
  const std::string part = line.substr(at, end - at);
  at = end;
  return part;
}

bool TakeQuoted(const std::string& line, size_t& at, std::string& value) {
  if (!Take(line, at, '"')) return false;
  while (at < line.size() && line[at] != '"') {
    if (line[at] != '\\') {
      value += line[at++];
      continue;
    }
    if (++at >= line.size()) return false;
    value += line[at] == 'n' ? '\n' : line[at];
    ++at;
  }
  return Take(line, at, '"');
}

bool TakeLabels(const std::string& line, size_t& at, LabelMap& labels) {
  if (!Take(line, at, '{')) return true;
  while (!Take(line, at, '}')) {
    const std::string name = TakeUntil(line, at, "=}");
    std::string value;
    if (!Take(line, at, '=') || !TakeQuoted(line, at, value)) return false;
    if (!value.empty() && !labels.emplace(name, value).second) return false;
    if (!Take(line, at, ',') && (at >= line.size() || line[at] != '}')) return false;
  }
  return true;
}

bool ParseSample(const std::string& line, TextSample& sample) {
  size_t at = 0;
  sample.name = TakeUntil(line, at, "{ ");
  if (sample.name.empty() || !TakeLabels(line, at, sample.labels)) return false;
  if (!Take(line, at, ' ')) return false;
  const char* begin = line.c_str() + at;
  char* end = nullptr;
  sample.value = std::strtod(begin, &end);
  return end != begin && *end == '\0';
}

// The family a sample line belongs to: the one announced last.
bool Belongs(const std::string& sample, const std::string& family) {
  if (sample.compare(0, family.size(), family) != 0) return false;
  const std::string suffix = sample.substr(family.size());
  return suffix.empty() || suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
}

}  // namespace

std::map<std::string, TextFamily> ParseExposition(const std::string& text,
                                                  std::vector<std::string>& problems) {
  std::map<std::string, TextFamily> families;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    if (line.rfind("# HELP ", 0) == 0 || line.rfind("# TYPE ", 0) == 0) {
      const size_t space = line.find(' ', 7);
      const std::string name = line.substr(7, space - 7);
      const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
      const bool is_help = line[2] == 'H';
      if (is_help && families.count(name) != 0) problems.push_back("twice: " + name);
      current = name;
      (is_help ? families[name].help : families[name].type) = rest;
      continue;
    }
    if (line[0] == '#') continue;
    TextSample sample;
    if (!ParseSample(line, sample)) {
      problems.push_back("not a sample: " + line);
    } else if (!Belongs(sample.name, current)) {
      problems.push_back("outside its family: " + line);
    } else {
      families[current].samples.push_back(std::move(sample));
    }
  }
  return families;
}

std::string SampleKey(const std::string& name, const LabelMap& labels) {
  std::string key = name + "{";
  for (const auto& [label, value] : labels) {
    if (value.empty()) continue;
    if (key.back() != '{') key += ",";
    key += label + "=\"" + value + "\"";
  }
  return key + "}";
}

}  // namespace firstline::testing
