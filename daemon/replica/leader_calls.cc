#include "daemon/replica/leader_calls.h"

namespace conclave::daemon {

Refusal to_refusal(ErrorCode code) {
  switch (code) {
    case ErrorCode::no_leader:
      return Refusal::no_leader;
    case ErrorCode::unknown_outcome:
      return Refusal::unknown_outcome;
    case ErrorCode::too_many:
      return Refusal::too_many;
    case ErrorCode::too_large:
      return Refusal::too_large;
    case ErrorCode::unavailable:
      return Refusal::unavailable;
    case ErrorCode::bad_request:
    case ErrorCode::denied:
    case ErrorCode::not_found:
    case ErrorCode::not_allowed:
    case ErrorCode::failed:
    case ErrorCode::io:
    case ErrorCode::corrupt:
    case ErrorCode::exists:
      return Refusal::failed;
  }
  return Refusal::failed;
}

ErrorCode to_error_code(Refusal refusal) {
  switch (refusal) {
    case Refusal::no_leader:
      return ErrorCode::no_leader;
    case Refusal::unknown_outcome:
      return ErrorCode::unknown_outcome;
    case Refusal::failed:
      return ErrorCode::failed;
    case Refusal::too_many:
      return ErrorCode::too_many;
    case Refusal::too_large:
      return ErrorCode::too_large;
    case Refusal::unavailable:
      return ErrorCode::unavailable;
  }
  return ErrorCode::failed;
}

}  // namespace conclave::daemon
