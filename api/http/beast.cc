/// The one translation unit that holds the compiled part of Boost.Beast: the others see its
/// declarations only (BOOST_BEAST_SEPARATE_COMPILATION).

#include <boost/beast/src.hpp>
