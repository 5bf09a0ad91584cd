// firstline doctor: what is wrong with an installation, and what to do about it.
#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/version/version.h"
#include "services/cli/commands/commands.h"
#include "services/cli/doctor/diagnosis.h"
#include "services/cli/failure.h"

namespace firstline::cli {
namespace {

constexpr int kWarningsShownMax = 20;

std::chrono::nanoseconds Now() { return std::chrono::system_clock::now().time_since_epoch(); }

// Whether it answered.
bool ExamineRouter(Context& context, const std::string& address, Findings& findings) {
  client::Client router(context.OptionsFor({address}, /*attempts_max=*/1));
  const std::chrono::nanoseconds asked = Now();
  const auto status = router.GetStatus({});
  if (!status.ok()) {
    JudgeSilence(address, status.error(), findings);
    return false;
  }
  const Moment moment{.version = version::kVersion, .asked = asked, .answered = Now()};
  JudgeRouter(address, *status, moment, findings);
  return true;
}

// What `config validate` would say of the configuration in force.
void ExamineConfig(client::Client& client, const std::string& workspace, Findings& findings) {
  const std::string subject = "workspace " + workspace;
  v1::GetWorkspaceRequest get;
  get.set_workspace(workspace);
  const auto got = client.GetWorkspace(get);
  if (!got.ok()) {
    return findings.Problem(subject, absl::StrCat("it cannot be read: ", got.error().ToString()),
                            "calls of customers and agents fail in the same way now");
  }
  v1::ApplyWorkspaceRequest validate;
  *validate.mutable_workspace() = got->workspace();
  validate.mutable_workspace()->clear_etag();
  validate.set_mode(v1::APPLY_MODE_PATCH);
  validate.set_validate_only(true);
  const auto validated = client.ApplyWorkspace(validate);
  if (!validated.ok()) {
    return findings.Problem(subject, absl::StrCat("its configuration is refused: ",
                                                  validated.error().ToString()),
                            "`firstline config export`, mend it, `firstline config apply`");
  }
  const auto& warnings = validated->warnings();
  for (int i = 0; i < std::min(warnings.size(), kWarningsShownMax); ++i) {
    findings.Warn(subject, absl::StrCat(warnings[i].path(), ": ", warnings[i].text()),
                  "`firstline config validate` shows the same");
  }
  if (warnings.empty()) findings.Fine(subject, "its configuration raises no warning");
}

void ExamineWorkspaces(Context& context, const std::vector<std::string>& routers,
                       Findings& findings) {
  client::Client client(context.OptionsFor(routers, /*attempts_max=*/1));
  std::vector<std::string> names;
  v1::ListWorkspacesRequest list;
  list.set_page_size(kPageMax);
  do {
    const auto page = client.ListWorkspaces(list);
    if (!page.ok()) {
      return findings.Problem("workspaces", absl::StrCat("they cannot be listed: ",
                                                         page.error().ToString()),
                              "see what is said about the store above");
    }
    names.insert(names.end(), page->workspaces().begin(), page->workspaces().end());
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  if (!context.workspace.empty()) {
    const bool there = std::find(names.begin(), names.end(), context.workspace) != names.end();
    names = {context.workspace};
    if (!there) {
      return findings.Problem("workspace " + context.workspace, "there is none of that name",
                              "`firstline config apply FILE` makes it");
    }
  }
  if (names.empty()) {
    findings.Warn("workspaces", "there is none", "`firstline config apply FILE` makes one");
  }
  for (const std::string& name : names) ExamineConfig(client, name, findings);
}

void Show(Context& context, const Findings& findings) {
  if (context.format != Format::kTable) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Finding& one : findings.all()) {
      all.push_back({{"severity", SeverityName(one.severity)},
                     {"subject", one.subject},
                     {"text", one.text},
                     {"hint", one.hint}});
    }
    if (context.format == Format::kJson) {
      context.out << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
      return;
    }
    for (const auto& one : all) {
      context.out << one.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    }
    return;
  }
  for (const Finding& one : findings.all()) {
    const Colour colour = one.severity == Severity::kFine      ? Colour::kGreen
                          : one.severity == Severity::kWarning ? Colour::kYellow
                                                               : Colour::kRed;
    std::string word = SeverityName(one.severity);
    word.resize(7, ' ');
    context.out << (context.coloured ? Painted(word, colour) : word) << "  " << one.subject << ": "
                << one.text << "\n";
    if (!one.hint.empty()) context.out << "         hint: " << one.hint << "\n";
  }
}

void Examine(Context& context) {
  Findings findings;
  std::vector<std::string> answering;
  for (const auto address : absl::StrSplit(context.server, ',', absl::SkipEmpty())) {
    if (ExamineRouter(context, std::string(address), findings)) answering.emplace_back(address);
  }
  if (!answering.empty()) ExamineWorkspaces(context, answering, findings);
  Show(context, findings);
  const size_t problems = findings.Count(Severity::kProblem);
  context.out.flush();
  context.err << problems << (problems == 1 ? " problem, " : " problems, ")
              << findings.Count(Severity::kWarning) << " warnings\n";
  if (answering.empty()) throw Failure(ExitCode::kUnavailable, "");
  if (problems > 0) throw Failure(ExitCode::kViolations, "");
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(
      app, "doctor", "look for what is wrong: routers, Redis, clocks, workspaces, configuration",
      "firstline --server router-0:7600,router-1:7600 doctor",
      "Each router named by --server is asked by itself, for its status and how it sees Redis; then\n"
      "the configuration of every workspace, or that of -w, is judged. Nothing is changed.\n"
      "Exit codes: 0 nothing wrong, be there warnings; 5 no router answered; 6 problems were found.");
  command.callback([&context] { Examine(context); });
}

}  // namespace firstline::cli
