#include "teller.hpp"

#include "tell.hpp"

std::size_t teller_tell(const char * model, char * text, std::size_t room) {
    return tell(model, {text, room});
}

const char * teller_abi() {
    return abi_name();
}
