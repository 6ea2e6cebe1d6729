// What configfs makes by itself when a gadget is described: a folder tree of plain files for tests.
#pragma once

#include "../stick/temporary_folder.hpp"
#include "board/gadget.hpp"

#include <string>

namespace support {

struct fake_gadget {
    fake_gadget() {
        for (const char * file :
             {"idVendor", "idProduct", "bcdUSB", "UDC", "strings/0x409/manufacturer", "strings/0x409/product",
              "strings/0x409/serialnumber", "configs/c.1/MaxPower", "configs/c.1/strings/0x409/configuration",
              "functions/mass_storage.0/lun.0/removable", "functions/mass_storage.0/lun.0/ro",
              "functions/mass_storage.0/lun.0/file", "functions/mass_storage.0/lun.0/inquiry_string"}) {
            folder.save(std::string("usb_gadget/llmzero/") + file, "");
        }
        folder.save("udc/20980000.usb/state", "configured\n");
    }

    [[nodiscard]] board::gadget_places places() const { return {folder.path, folder.path + "/udc"}; }
    [[nodiscard]] std::string value(const std::string & file) const {
        return board::read_small(folder.path + "/usb_gadget/llmzero/" + file).value_or("?");
    }
    void set(const std::string & file, const std::string & value) const {
        folder.save("usb_gadget/llmzero/" + file, value);
    }
    static constexpr const char * medium = "functions/mass_storage.0/lun.0/file";

    temporary_folder folder;
};

} // namespace support
