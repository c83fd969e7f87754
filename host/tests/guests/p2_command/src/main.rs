//! A command of WASI 0.2 that does what its first argument says.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("tell") => {
            let shade = env::var("SHADE").unwrap_or_default();
            println!("{} SHADE={shade}", args.join(","));
            eprintln!("to standard error");
        }
        Some("fail") => return ExitCode::FAILURE,
        Some("trap") => panic!("as asked"),
        Some("read") => println!("{:?}", std::fs::read_to_string("/granted.txt")),
        Some("compute") => {
            eprintln!("computing");
            loop {
                std::hint::spin_loop();
            }
        }
        _ => eprintln!("tell, fail, trap, read or compute"),
    }
    ExitCode::SUCCESS
}
