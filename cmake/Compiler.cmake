# The compiler, the language level and the warnings that all of our own code is built with.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles several coroutine forms (temporaries in a "
    "statement with co_await are destroyed twice). Use Clang 19 (cmake --preset release) or GCC 13 "
    "and later.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CCACHE ccache)
  if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
  endif()
endif()

find_program(LLD NAMES ld.lld-19 ld.lld)
if(LLD AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(--ld-path=${LLD})
endif()

# Assertions are part of the product: NDEBUG is never defined (base/core/assert.h does not look at
# it).
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")

set(CONCLAVE_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # A designated initialiser names what differs from the default; the rest is meant to be left out.
  list(APPEND CONCLAVE_WARNINGS -Wthread-safety -Wimplicit-fallthrough
       -Wno-missing-designated-field-initializers)
endif()

set(CONCLAVE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")
if(CONCLAVE_SANITIZE)
  add_compile_options(-fsanitize=${CONCLAVE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${CONCLAVE_SANITIZE})
endif()

# Tests get so many times their seconds before they count as hung.
set(CONCLAVE_TIMEOUT_FACTOR 1)
if(CONCLAVE_SANITIZE MATCHES "thread")
  set(CONCLAVE_TIMEOUT_FACTOR 4)
endif()

option(CONCLAVE_HARDENED "Build with the hardening flags of a release" OFF)
if(CONCLAVE_HARDENED)
  add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
                      -fcf-protection=full -D_GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro,-z,now -pie)
endif()

# Calls across our static libraries are inlined: most of a request's path crosses five of them.
option(CONCLAVE_LTO "Optimise over all files together when linking (ThinLTO)" OFF)
if(CONCLAVE_LTO)
  if(NOT LLD OR NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "CONCLAVE_LTO needs Clang and its linker, lld")
  endif()
  # lld needs no index in an archive, and the ar of another LLVM could not make one.
  set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcS <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_CXX_ARCHIVE_APPEND "<CMAKE_AR> qS <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_CXX_ARCHIVE_FINISH "")
  add_compile_options(-flto=thin)
  add_link_options(-flto=thin -Wl,--thinlto-cache-dir=${CMAKE_BINARY_DIR}/lto-cache)
endif()
