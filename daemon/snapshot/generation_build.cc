#include "daemon/snapshot/generation_build.h"

namespace conclave::daemon {
namespace {

constexpr std::uint64_t step_bytes = 4 << 20;

}  // namespace

Result<std::unique_ptr<GenerationBuild>> GenerationBuild::begin(GenerationStore& store, GenerationPlan plan) {
  CONCLAVE_TRY_ASSIGN(std::unique_ptr<GenerationBuilder> builder, store.begin_generation());
  return with(std::move(plan), std::move(builder));
}

Result<std::optional<OpenGeneration>> GenerationBuild::step() {
  for (std::uint64_t bytes = 0; bytes < step_bytes;) {
    CONCLAVE_TRY_ASSIGN(const bool more, plan_.rows->next());
    if (!more) {
      CONCLAVE_TRY_ASSIGN(OpenGeneration open,
                          builder_->finish(plan_.applied, plan_.origin ? &*plan_.origin : nullptr));
      return std::optional(std::move(open));
    }
    bytes += plan_.rows->key().size() + plan_.rows->row().size();
    CONCLAVE_TRY(builder_->add(plan_.rows->key(), plan_.rows->row()));
  }
  CONCLAVE_TRY(builder_->flush_piece());
  return std::optional<OpenGeneration>();
}

}  // namespace conclave::daemon
