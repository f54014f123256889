//! `alongside device enrol`.

use alongside_client::device::{Device, device_file, enrol, helpers_file, relay_entry, write_new};

use super::{
    Exit, Failure,
    args::{self, DeviceTask},
    terminal::Terminal,
};

pub(crate) fn run(args: &args::Device) -> Result<Exit, Failure> {
    let DeviceTask::Enrol(args) = &args.task;
    if args.organisation.trim().is_empty() || args.organisation.contains(char::is_control) {
        return Err("name the organisation whose helpers may call the device".into());
    }
    let device = Device {
        without_card: args.without_card,
        ..enrol()?
    };
    let file = |end: &str| args.out.join(format!("{}.{end}", args.name));
    let [own, helpers, relay] = ["device", "helpers", "relay"].map(file);
    write_new(&own, &device_file(&device))?;
    write_new(&helpers, &helpers_file(&device.key))?;
    write_new(&relay, &relay_entry(&device, &args.organisation))?;
    let mut terminal = Terminal::new();
    terminal.line(&format!("The device {} is enrolled.", device.key.id));
    for (path, whose) in [
        (
            own,
            "goes to the device, and to nobody else: alongside sharer --device FILE",
        ),
        (
            helpers,
            "goes to the helpers of the organisation: alongside helper --device FILE",
        ),
        (
            relay,
            "is added to the relay's file of devices; it holds no secret",
        ),
    ] {
        terminal.line(&format!("  {}  {whose}", path.display()));
    }
    terminal.line("Never send the first two by way of the relay's operator.");
    Ok(Exit::Done)
}
