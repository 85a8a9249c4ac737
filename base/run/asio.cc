/// The one translation unit that holds the compiled part of Boost.Asio: every other file sees its
/// declarations only (BOOST_ASIO_SEPARATE_COMPILATION), which saves seconds in each.

#include <boost/asio/impl/src.hpp>
