#pragma once

/// A generation on its way from rows, step by step. Blocking; the snapshot thread's.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/core/result.h"
#include "daemon/snapshot/row_source.h"
#include "daemon/store/generation_builder.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

/// What the rows become.
struct GenerationPlan {
  std::unique_ptr<RowSource> rows;
  AppliedPosition applied;
  std::optional<Origin> origin;
};

class GenerationBuild {
 public:
  static Result<std::unique_ptr<GenerationBuild>> begin(GenerationStore& store, GenerationPlan plan);
  /// The same with a builder of the caller's.
  static std::unique_ptr<GenerationBuild> with(GenerationPlan plan,
                                               std::unique_ptr<GenerationBuilder> builder) {
    return std::unique_ptr<GenerationBuild>(
        new GenerationBuild(std::move(plan), std::move(builder)));
  }
  /// Some MiB more; nullopt: there is more to come. Durable, and named by `current`, when it gives
  /// the generation.
  Result<std::optional<OpenGeneration>> step();

 private:
  GenerationBuild(GenerationPlan plan, std::unique_ptr<GenerationBuilder> builder)
      : plan_(std::move(plan)), builder_(std::move(builder)) {}

  GenerationPlan plan_;
  std::unique_ptr<GenerationBuilder> builder_;
};

}  // namespace conclave::daemon
