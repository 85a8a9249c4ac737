#include "daemon/tables/jobs.h"

#include "daemon/tables/key.h"

namespace conclave::daemon {

std::string job_key(std::uint64_t id) { return number_key(Table::jobs, id); }

}  // namespace conclave::daemon
