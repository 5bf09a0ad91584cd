// How a simulation's result is shown.
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/cli/simulate/estimate.h"
#include "services/cli/simulate/simulation.h"

namespace firstline::simulate {
namespace {

using Json = nlohmann::ordered_json;

// Total of all samples.
double Sum(const Result& result, int queue, double QueueTally::*what) {
  double sum = 0;
  for (const Sample& sample : result.samples) {
    sum += (queue < 0 ? sample.all : sample.queues[static_cast<std::size_t>(queue)]).*what;
  }
  return sum;
}

// As many digits as the interval makes sense of, at most three.
std::string Text(const Estimate& estimate, double scale, double confidence) {
  if (!estimate.known) return "-";
  const double half = estimate.HalfWidth(confidence) * scale;
  int digits = 1;
  while (digits < 3 && half < 0.2 * std::pow(10.0, 1 - digits)) ++digits;
  const std::string value = cli::Fixed(estimate.value * scale, digits);
  return std::isfinite(half) ? absl::StrCat(value, " +-", cli::Fixed(half, digits)) : value;
}

std::string NameOf(const Model& model, int queue) {
  return queue < 0 ? "all" : model.config.queues[static_cast<std::size_t>(queue)].id;
}

// Queues to which somebody came, and -1 for all if there is more than one.
std::vector<int> Rows(const Result& result, const Model& model) {
  std::vector<int> rows;
  for (int q = 0; q < static_cast<int>(model.config.queues.size()); ++q) {
    if (Sum(result, q, &QueueTally::offered) > 0) rows.push_back(q);
  }
  if (rows.size() != 1) rows.push_back(-1);
  return rows;
}

bool IsShown(const Figure& figure, const Result& result) {
  if (figure.name == "blocking") return Sum(result, -1, &QueueTally::blocked) > 0;
  if (figure.name == "unserved") return Sum(result, -1, &QueueTally::unserved) > 0;
  return true;
}

void PrintTable(const Result& result, const Model& model, double confidence, std::ostream& out) {
  const double samples = static_cast<double>(result.samples.size());
  out << (result.replications ? absl::StrCat(result.samples.size(), " replications")
                              : absl::StrCat("one run in ", result.samples.size(), " batches"))
      << ", seed " << result.seed << "; +- covers the truth with probability "
      << cli::Fixed(confidence, 2) << "\n";
  std::vector<std::string> heading = {"queue"};
  for (const char* count : {"offered", "served", "abandoned"}) heading.emplace_back(count);
  for (const Figure& figure : Figures()) {
    if (IsShown(figure, result)) heading.emplace_back(figure.title);
  }
  cli::Table table(heading);
  const double share = result.replications ? samples : 1;
  for (int queue : Rows(result, model)) {
    std::vector<cli::Cell> row = {NameOf(model, queue)};
    for (auto what : {&QueueTally::offered, &QueueTally::served, &QueueTally::abandoned}) {
      row.push_back(cli::Fixed(Sum(result, queue, what) / share, result.replications ? 1 : 0));
    }
    for (const Figure& figure : Figures()) {
      if (!IsShown(figure, result)) continue;
      row.push_back(Text(EstimateOf(figure, result.samples, queue), figure.scale, confidence));
    }
    table.Add(std::move(row));
  }
  table.Print(out);
}

Json ToJson(const Estimate& estimate, double confidence) {
  if (!estimate.known) return nullptr;
  const double half = estimate.HalfWidth(confidence);
  return {{"value", estimate.value}, {"half_width", std::isfinite(half) ? Json(half) : Json()}};
}

void PrintJson(const Result& result, const Model& model, double confidence, cli::Format format,
               std::ostream& out) {
  Json json = {{"seed", result.seed},
               {"method", result.replications ? "replications" : "batches"},
               {"samples", result.samples.size()},
               {"confidence", confidence},
               {"queues", Json::array()}};
  for (int queue : Rows(result, model)) {
    Json row = {{"offered", Sum(result, queue, &QueueTally::offered)},
                {"served", Sum(result, queue, &QueueTally::served)},
                {"abandoned", Sum(result, queue, &QueueTally::abandoned)},
                {"blocked", Sum(result, queue, &QueueTally::blocked)},
                {"unserved", Sum(result, queue, &QueueTally::unserved)}};
    for (const Figure& figure : Figures()) {
      row[std::string(figure.name)] =
          ToJson(EstimateOf(figure, result.samples, queue), confidence);
    }
    if (queue < 0) {
      json["all"] = std::move(row);
    } else {
      Json named = {{"queue", NameOf(model, queue)}};
      named.update(row);
      json["queues"].push_back(std::move(named));
    }
  }
  out << json.dump(format == cli::Format::kJson ? 2 : -1) << "\n";
}

}  // namespace

void Print(const Result& result, const Model& model, double confidence, cli::Format format,
           std::ostream& out) {
  if (format != cli::Format::kTable) return PrintJson(result, model, confidence, format, out);
  PrintTable(result, model, confidence, out);
}

}  // namespace firstline::simulate
