#[client_derive::handle(jobs)]
//~                     ^ expected a type and a method of it
pub struct Jobs;
