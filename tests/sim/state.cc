#include "tests/sim/state.h"

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"

namespace conclave::raft {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 29);
}

std::uint64_t digest(const Entry& entry) {
  std::uint64_t hash = mix(mix(1, entry.term.value), entry.index.value);
  return mix(mix(hash, static_cast<std::uint64_t>(entry.kind)), crc32c(entry.payload));
}

void SimState::apply(const Entry& entry) {
  CONCLAVE_ASSERT_WHY(entry.index == next(index), "applied one at a time, each exactly once");
  CONCLAVE_ASSERT(entry.term >= term);
  index = entry.index;
  term = entry.term;
  hash = mix(hash, digest(entry));
  if (entry.kind == EntryKind::configuration) configuration = *decode_configuration(entry.payload);
}

std::string SimState::to_bytes() const {
  std::string out;
  append_varint(out, index.value);
  append_varint(out, term.value);
  append_varint(out, hash);
  append_sized(out, encode_configuration(configuration));
  append_sized(out, std::string(100 + index.value % 100, 'x'));
  return out;
}

Result<SimState> SimState::from_bytes(const std::string& bytes) {
  ByteReader in(bytes);
  SimState state;
  state.index.value = in.varint();
  state.term.value = in.varint();
  state.hash = in.varint();
  CONCLAVE_TRY_ASSIGN(state.configuration, decode_configuration(in.sized()));
  in.sized();
  if (!in.at_end()) return fail(ErrorCode::corrupt, "not a state");
  return state;
}

}  // namespace conclave::raft
