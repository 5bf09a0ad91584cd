#include "services/cli/simulate/given.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/cli/replay/csv.h"

namespace firstline::simulate {
namespace {

constexpr double kSecondsMax = 366.0 * 86'400;

// `otherwise` for an empty field; a mistake of the row if it is no length of time.
double Seconds(replay::CsvReader& csv, std::size_t column, double otherwise) {
  const std::string text(csv.Text(column));
  if (text.empty()) return otherwise;
  double seconds = 0;
  if (!absl::SimpleAtod(text, &seconds) || !(seconds >= 0 && seconds <= kSecondsMax)) {
    csv.Mistake(absl::StrCat("'", text, "' is no number of seconds from 0 to a year"));
  }
  return seconds;
}

bool HasColumn(std::string_view heading, std::string_view column) {
  return (absl::StrCat(",", std::string(heading), ",")).find(
             absl::StrCat(",", std::string(column), ",")) != std::string::npos;
}

}  // namespace

absl::StatusOr<std::vector<GivenCustomer>> ReadGiven(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path.string()));
  std::ostringstream read;
  read << file.rdbuf();
  const std::string text = read.str();
  std::string_view heading = std::string_view(text).substr(0, text.find('\n'));
  if (heading.ends_with('\r')) heading.remove_suffix(1);

  std::vector<std::string_view> columns = {"arrival_s"};
  const auto position_of = [&](std::string_view column) -> std::size_t {
    if (!HasColumn(heading, column)) return 0;
    columns.push_back(column);
    return columns.size() - 1;
  };
  const std::size_t service = position_of("service_s"), patience = position_of("patience_s");
  auto csv = replay::CsvReader::Open(path.filename().string(), text, columns);
  if (!csv.ok()) return csv.status();

  std::vector<GivenCustomer> customers;
  while (csv->Next()) {
    if (csv->Text(0).empty()) csv->Mistake("no arrival_s");
    customers.push_back({.arrival_s = Seconds(*csv, 0, 0),
                         .service_s = service == 0 ? -1 : Seconds(*csv, service, -1),
                         .patience_s = patience == 0 ? -1 : Seconds(*csv, patience, -1)});
  }
  if (!csv->status().ok()) return csv->status();
  if (customers.empty()) return absl::InvalidArgumentError("no customers in the file");
  std::stable_sort(customers.begin(), customers.end(),
                   [](const auto& a, const auto& b) { return a.arrival_s < b.arrival_s; });
  return customers;
}

}  // namespace firstline::simulate
