#[client_derive::endpoints("jobs")]
impl Jobs {
    #[put("/v1/jobs", idempotant)]
//~                   ^ unknown word
    fn register(&self) -> Call<Job> {}
}
