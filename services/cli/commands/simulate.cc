// firstline simulate: what would happen, answered by the engine itself.
#include <filesystem>
#include <limits>
#include <memory>

#include "services/cli/commands/commands.h"
#include "services/cli/failure.h"
#include "services/cli/simulate/simulation.h"

namespace firstline::cli {
namespace {

struct SimulateOptions {
  std::string file;
  simulate::Plan plan;
  double hours = 0;
  double confidence = 0.95;
};

constexpr char kExample[] =
    "firstline simulate deploy/demo/simulation.yaml\n"
    "What if ann were not there? The same customers come, only the workspace differs:\n"
    "  sed '/id: ann,/d' deploy/demo/simulation.yaml | firstline simulate - --seed 1\n"
    "A workspace of your own, to which the section `simulation` is added:\n"
    "  firstline config get -w shop --agents > shop.yaml\n"
    "  firstline simulate shop.yaml --calls 100000 --confidence 0.99\n"
    "The section, at the least:\n"
    "  simulation:\n"
    "    classes: [{queue: sales, arrivals: {per_hour: 120}}]\n"
    "    service: {kind: LAW_KIND_EXPONENTIAL, mean: 4m}\n"
    "    patience: {kind: LAW_KIND_EXPONENTIAL, mean: 2m}";

constexpr char kModelDetails[] =
    "The file is a workspace as `config apply` takes it, with a section `simulation`: who comes (rates,\n"
    "rates by hour, or times from a CSV), how long serving takes, how patient customers are, when\n"
    "agents are there; proto/firstline/simulation/v1/model.proto explains every field. No router is\n"
    "asked: the routing engine itself runs in virtual time. A steady model is one long run cut into\n"
    "batches; one with hours or shifts is repeated, each replication being one sample.\n"
    "Columns: waits: not answered at once; ASA: wait of the served; wait: of all; in time: served\n"
    "within answer_target, of the offered, of the served, and of the offered without those who left\n"
    "within short_abandon; left: abandoned; busy: units in use of those who may serve the queue;\n"
    "queue: customers waiting; units: capacity there. A queue's figures are of the customers who came\n"
    "to it, wherever they were answered.";

void Simulate(Context& context, const SimulateOptions& options) {
  const bool standard_input = options.file == "-";
  const auto folder = standard_input ? std::filesystem::path(".")
                                     : std::filesystem::path(options.file).parent_path();
  const auto model = simulate::ReadModel(
      ReadFile(options.file), standard_input ? "standard input" : options.file, folder);
  if (!model.ok()) throw Failure(model.status());
  simulate::Plan plan = options.plan;
  plan.horizon_s = options.hours * 3600;
  const simulate::Result result = simulate::Simulate(*model, plan);
  simulate::Print(result, *model, options.confidence, context.format, context.out);
}

}  // namespace

void AddSimulateCommand(CLI::App& app, Context& context) {
  CLI::App& command = AddVerb(app, "simulate", "say what would happen to a workspace's customers",
                              kExample, kModelDetails);
  const auto options = std::make_shared<SimulateOptions>();
  command.add_option("file,--model", options->file, "YAML of the model; -: standard input")
      ->required()
      ->type_name("FILE");
  command.add_option("--seed", options->plan.seed, "the same seed, the same customers")
      ->capture_default_str()
      ->type_name("N")
      ->check(WholeNumber(0, std::numeric_limits<std::int64_t>::max()));
  auto* calls = command.add_option("--calls", options->plan.calls,
                                   "end a run after this many counted customers")
                    ->type_name("N")
                    ->check(WholeNumber(1, 1'000'000'000));
  command.add_option("--hours", options->hours, "end a run at this time, warm-up included")
      ->type_name("N")
      ->check(Number(0.001, 1e6))
      ->excludes(calls);
  command.add_option("--replications", options->plan.replications,
                     "runs; left out: one in batches if nothing depends on the time, else 20")
      ->type_name("N")
      ->check(WholeNumber(1, 100'000));
  command.add_option("--confidence", options->confidence, "that intervals cover the truth")
      ->capture_default_str()
      ->type_name("N")
      ->check(Number(0.5, 0.9999));
  command.callback([&context, options] { Simulate(context, *options); });
}

}  // namespace firstline::cli
